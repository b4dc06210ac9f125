import {
  HARDENED_REGISTRY,
  HARDENED_REPOSITORY,
  nearest,
  type ValueProblem,
} from '@istio-install-cni/config-schema'
import { PropsError } from './errors.ts'

const VARIANTS = ['runtime', 'dev', 'fips', 'fips-dev'] as const

/**
 * What the image has besides the agent: nothing, a shell and a package manager (`dev`), validated cryptography
 * (`fips`), or both.
 */
export type ImageVariant = (typeof VARIANTS)[number]

export interface HardenedImageOptions {
  /**
   * Which variant.
   *
   * @default 'runtime'
   */
  readonly variant?: ImageVariant | undefined
  /**
   * The distribution that the tag names.
   *
   * @default - the tag names none, which is Debian 13
   */
  readonly distribution?: 'debian13' | undefined
  /**
   * The image's digest, `sha256:` and 64 hexadecimal digits. With it nothing but this very image is ever pulled.
   *
   * @default - whatever the tag names when a node pulls it
   */
  readonly digest?: string | undefined
}

/** A reference to the hardened image; give it to the prop `image`. */
export class HardenedImage {
  /** With registry or namespace: `dhi.io/istio-install-cni`. */
  readonly repository: string
  /** `1.30.3-debian13-fips-dev` */
  readonly tag: string
  readonly version: string
  readonly variant: ImageVariant
  readonly digest: string | undefined

  private constructor(repository: string, version: string, options: HardenedImageOptions) {
    const { variant = 'runtime', distribution, digest } = options
    const problems = [...problemsOf(version, variant, distribution, digest)]
    if (problems.length > 0) throw new PropsError('HardenedImage', problems)
    const suffix = variant === 'runtime' ? undefined : variant
    this.repository = repository
    this.version = version
    this.variant = variant
    this.digest = digest
    this.tag = [version, distribution, suffix].filter((part) => part !== undefined).join('-')
  }

  /**
   * The public one, `dhi.io/istio-install-cni`.
   *
   * @param version Istio's: `1.30.3`; `1.30` and `1` follow the newest of theirs
   * @throws {PropsError} when anything is not as the tags of these images are
   */
  static dhi(version: string, options: HardenedImageOptions = {}): HardenedImage {
    return new HardenedImage(`${HARDENED_REGISTRY}/${HARDENED_REPOSITORY}`, version, options)
  }

  /**
   * A mirrored one, `<namespace>/dhi-istio-install-cni`.
   *
   * @param namespace where the mirror is, with the registry unless that is Docker Hub: `my-namespace`,
   *   `registry.example/team`
   * @param version as for {@link dhi}
   * @throws {PropsError} when anything is not as the names of these images are
   */
  static mirrored(namespace: string, version: string, options: HardenedImageOptions = {}): HardenedImage {
    if (
      !isText(namespace, /^[a-z0-9][-a-z0-9._]*(:\d{1,5})?(\/[a-z0-9][-a-z0-9._]*)*$/) ||
      namespace.endsWith(HARDENED_REPOSITORY)
    ) {
      const expectation =
        'a namespace, with or without registry, such as my-namespace; the name of the image follows it'
      throw new PropsError('HardenedImage', [{ path: 'namespace', value: namespace, expectation }])
    }
    return new HardenedImage(`${namespace}/dhi-${HARDENED_REPOSITORY}`, version, options)
  }

  /** As a pod names it: `dhi.io/istio-install-cni:1.30.3@sha256:…`. */
  get reference(): string {
    return `${this.repository}:${this.tag}${this.digest === undefined ? '' : `@${this.digest}`}`
  }

  toString(): string {
    return this.reference
  }
}

/** Not every app is checked by a compiler. */
function isText(given: unknown, pattern: RegExp): given is string {
  return typeof given === 'string' && pattern.test(given)
}

function* problemsOf(
  version: unknown,
  variant: unknown,
  distribution: unknown,
  digest: unknown,
): Generator<ValueProblem> {
  if (!isText(version, /^\d+(\.\d+){0,2}$/)) {
    const expectation = 'a version of Istio, such as 1.30.3; variant, distribution and digest are options'
    yield { path: 'version', value: version, expectation }
  }
  if (!(VARIANTS as readonly unknown[]).includes(variant)) {
    const expectation = `one of ${VARIANTS.join(', ')}`
    yield { path: 'variant', value: variant, expectation, ...meant(variant, VARIANTS) }
  }
  if (distribution !== undefined && distribution !== 'debian13') {
    const expectation = 'debian13, or nothing'
    yield { path: 'distribution', value: distribution, expectation, ...meant(distribution, ['debian13']) }
  }
  if (digest !== undefined && !isText(digest, /^sha256:[0-9a-f]{64}$/))
    yield { path: 'digest', value: digest, expectation: 'sha256: and 64 hexadecimal digits' }
}

function meant(word: unknown, names: readonly string[]): { suggestion?: string } {
  const suggestion = typeof word === 'string' ? nearest(word, names) : undefined
  return suggestion === undefined ? {} : { suggestion }
}
