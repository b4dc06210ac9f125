import { describe, expect, it } from 'vitest'
import { defaultValues } from './defaults.ts'
import { resolveValues } from './resolve.ts'

describe('resolveValues', () => {
  it('gives the defaults when nothing is said', () => {
    expect(resolveValues({})).toEqual(defaultValues)
  })

  it('lets what the user wrote win over every profile, wherever it stands', () => {
    expect(resolveValues({ profile: 'ambient' }).ambient.enabled).toBe(true)
    expect(resolveValues({ profile: 'ambient', ambient: { enabled: false } }).ambient.enabled).toBe(false)
    expect(resolveValues({ profile: 'ambient', cni: { ambient: { enabled: false } } }).ambient.enabled).toBe(
      false,
    )
    expect(resolveValues({ platform: 'k3s', cniBinDir: '/x' }).cniBinDir).toBe('/x')
  })
})
