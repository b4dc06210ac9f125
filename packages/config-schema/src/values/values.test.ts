import { describe, expectTypeOf, it } from 'vitest'
import type { Values, ValuesInput } from './values.ts'

describe('the types of values', () => {
  it('are those of the model', () => {
    expectTypeOf<Values['cniBinDir']>().toEqualTypeOf<string>()
    expectTypeOf<Values['ambient']['enabled']>().toEqualTypeOf<boolean>()
    expectTypeOf<Values['ambient']['probeAddress']['ipv4']>().toEqualTypeOf<string>()
    expectTypeOf<Values['provider']>().toEqualTypeOf<'default' | 'multus'>()
    expectTypeOf<Values['imagePullSecrets']>().toEqualTypeOf<readonly string[]>()
    expectTypeOf<Values['podLabels']>().toEqualTypeOf<{ readonly [key: string]: string }>()
    expectTypeOf<Values['resources']['limits']>().toEqualTypeOf<
      { readonly [key: string]: string | number } | undefined
    >()
    expectTypeOf<Values['global']['nativeNftables']>().toEqualTypeOf<boolean>()
    expectTypeOf<Values>().not.toHaveProperty('cni')
    expectTypeOf<Values>().not.toHaveProperty('profile')
  })

  it('let a user write any part, in every place', () => {
    expectTypeOf({
      profile: 'ambient',
      tolerations: [{ operator: 'Exists' }],
      podLabels: { old: null },
      cni: { ambient: { enabled: false }, imagePullSecrets: ['a', { name: 'b' }] },
      global: { platform: 'gke', istioNamespace: 'mesh', imagePullSecrets: ['c'] },
      ztunnel: { resourceName: 'ztunnel' },
    } as const).toExtend<ValuesInput>()
    expectTypeOf<{ ambient: { enabled: 'yes' } }>().not.toExtend<ValuesInput>()
    expectTypeOf<{ platform: 'gek' }>().not.toExtend<ValuesInput>()
    expectTypeOf<{ chained: null }>().not.toExtend<ValuesInput>()
  })
})
