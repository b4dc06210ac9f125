import { describe, expect, it } from 'vitest'
import { NoAddressError } from './errors.ts'
import { programmedFamilies } from './families.ts'

describe('programmedFamilies', () => {
  it.each([
    [['10.77.0.2/16'], false, [4]],
    [['10.77.0.2'], true, [4]],
    [['fd00:77::2/64'], false, [4, 6]],
    [['10.77.0.2', 'fd00:77::2'], false, [4]],
    [['fd00:77::2', '10.77.0.2'], false, [4]],
    [['10.77.0.2', 'fd00:77::2'], true, [4, 6]],
    [['10.77.0.2', 'fe80::1/64'], true, [4]],
    [['169.254.1.1', 'fd00:77::2'], false, [4, 6]],
    [['::ffff:10.77.0.2'], false, [4]],
    [['127.0.0.1', '::1', '10.77.0.2'], false, [4]],
    [['nonsense', '10.77.0.2'], false, [4]],
  ])('of a pod with %j, dual stack %j, are %j', (addresses, dualStack, families) => {
    expect(programmedFamilies(addresses, dualStack)).toEqual(families)
  })

  it.each([[[]], [['127.0.0.1/8', '::1/128', 'fe80::1/64', '169.254.0.7']], [['nonsense']]])(
    'cannot be told from %j',
    (addresses) => {
      expect(() => programmedFamilies(addresses, false)).toThrow(NoAddressError)
    },
  )
})
