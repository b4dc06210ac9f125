import { CNI_ERROR, CNI_VERSION_WHEN_ABSENT, CNI_VERSIONS } from '@istio-install-cni/config-schema'
import type { Verb } from './environment.ts'
import { CniError } from './errors.ts'

export type CniVersion = (typeof CNI_VERSIONS)[number]

/** The newest version, spoken where a call has none of its own. */
export const NEWEST_VERSION: CniVersion = '1.1.0'

/** First version that knows the verb (SPEC.md history: CHECK came with 0.4.0, STATUS and GC with 1.1.0). */
const SINCE: Partial<Record<Verb, CniVersion>> = { CHECK: '0.4.0', STATUS: '1.1.0', GC: '1.1.0' }

/**
 * The version of a configuration; without one it means 0.1.0.
 * @throws {CniError} code 1
 */
export function versionOf(configured: unknown): CniVersion {
  const version = knownVersion(configured || CNI_VERSION_WHEN_ABSENT)
  if (version === undefined) {
    const supported = CNI_VERSIONS.join(', ')
    throw new CniError(
      CNI_ERROR.incompatibleVersion,
      `cniVersion ${JSON.stringify(configured)} is not supported`,
      `supported: ${supported}`,
    )
  }
  return version
}

/** @throws {CniError} code 1 when the verb is newer than the version */
export function requireVerb(verb: Verb, version: CniVersion): void {
  const since = SINCE[verb]
  if (since !== undefined && CNI_VERSIONS.indexOf(version) < CNI_VERSIONS.indexOf(since)) {
    throw new CniError(
      CNI_ERROR.incompatibleVersion,
      `cniVersion ${version} does not know ${verb}`,
      `${verb} came with ${since}`,
    )
  }
}

export function knownVersion(version: unknown): CniVersion | undefined {
  return CNI_VERSIONS.find((known) => known === version)
}

/** The shape of a result. `legacy`: ip4 and ip6. `listed`: addresses with their version. `current`: without. */
export type ResultShape = 'legacy' | 'listed' | 'current'

export function shapeOf(version: CniVersion): ResultShape {
  if (version === '0.1.0' || version === '0.2.0') return 'legacy'
  return version.startsWith('0.') ? 'listed' : 'current'
}
