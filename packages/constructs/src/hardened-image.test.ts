import { describe, expect, expectTypeOf, it } from 'vitest'
import { PropsError } from './errors.ts'
import { HardenedImage, type ImageVariant } from './hardened-image.ts'

const digest = `sha256:${'0a'.repeat(32)}`
const untyped = (given: unknown): never => given as never

describe('a hardened image', () => {
  it.each([
    [HardenedImage.dhi('1.30.3'), 'dhi.io/istio-install-cni:1.30.3'],
    [HardenedImage.dhi('1.30'), 'dhi.io/istio-install-cni:1.30'],
    [HardenedImage.dhi('1.30.3', { variant: 'runtime' }), 'dhi.io/istio-install-cni:1.30.3'],
    [HardenedImage.dhi('1.30.3', { variant: 'dev' }), 'dhi.io/istio-install-cni:1.30.3-dev'],
    [
      HardenedImage.dhi('1.30.3', { variant: 'fips-dev', distribution: 'debian13' }),
      'dhi.io/istio-install-cni:1.30.3-debian13-fips-dev',
    ],
    [HardenedImage.dhi('1.30.3', { digest }), `dhi.io/istio-install-cni:1.30.3@${digest}`],
    [HardenedImage.mirrored('my-namespace', '1.30.3'), 'my-namespace/dhi-istio-install-cni:1.30.3'],
    [
      HardenedImage.mirrored('registry.example:5000/team/mirror', '1.30.3', { variant: 'fips', digest }),
      `registry.example:5000/team/mirror/dhi-istio-install-cni:1.30.3-fips@${digest}`,
    ],
  ])('%s is the reference of its parts', (image, reference) => {
    expect(image.reference).toBe(reference)
  })

  it('refuses everything that no such image has, at once, with what was meant', () => {
    const wrong = () =>
      HardenedImage.dhi('1.30.3-dev', {
        variant: untyped('fip'),
        distribution: untyped('debian12'),
        digest: 'sha256:abc',
      })
    expect(wrong).toThrow(PropsError)
    expect(wrong).toThrow(
      [
        'HardenedImage: props cannot be used:',
        '  version="1.30.3-dev": expected a version of Istio, such as 1.30.3; variant, distribution and digest are options',
        '  variant="fip": expected one of runtime, dev, fips, fips-dev; did you mean fips?',
        '  distribution="debian12": expected debian13, or nothing; did you mean debian13?',
        '  digest="sha256:abc": expected sha256: and 64 hexadecimal digits',
      ].join('\n'),
    )
  })

  it.each([
    '',
    'My-Namespace',
    'https://registry.example/team',
    'team/',
    'team:1.30.3@x',
    'team:tag/x',
    'team/dhi-istio-install-cni',
    untyped(undefined),
  ])('is not mirrored to %j', (namespace) => {
    expect(() => HardenedImage.mirrored(namespace, '1.30.3')).toThrow(
      /^HardenedImage: a prop .*\n {2}namespace=/,
    )
  })

  it('refuses what is no text, whatever a program without types hands to it', () => {
    // A number has lost the end of its text: 1.30 is 1.3.
    expect(() => HardenedImage.dhi(untyped(1.3), { variant: untyped(null), digest: untyped(5) })).toThrow(
      /version=1\.3: .*\n {2}variant=null: .*\n {2}digest=5: /,
    )
  })

  it('has variants that the compiler knows', () => {
    expectTypeOf<ImageVariant>().toEqualTypeOf<'runtime' | 'dev' | 'fips' | 'fips-dev'>()
    // @ts-expect-error a variant that does not exist
    expect(() => HardenedImage.dhi('1.30.3', { variant: 'compat' })).toThrow(PropsError)
  })
})
