import { platforms } from '@istio-install-cni/config-schema'
import { expect, it } from 'vitest'
import { Platform } from './platform.ts'

it('has a constant for every platform', () => {
  expect(Object.values(Platform).sort()).toEqual(Object.keys(platforms).sort())
})
