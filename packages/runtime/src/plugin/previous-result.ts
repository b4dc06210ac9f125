import { CNI_ERROR } from '@istio-install-cni/config-schema'
import { canonicalAddress, type Network, networkOf } from './address.ts'
import { CniError } from './errors.ts'
import { type CniVersion, knownVersion, shapeOf } from './version.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** The result of the plugins before us, in the shape of its own version. */
export interface PreviousResult {
  readonly version: CniVersion
  readonly value: JsonObject
  /** As it stood in the configuration, to the byte. */
  readonly text: string
  readonly addresses: readonly PodAddress[]
}

export interface PodAddress {
  readonly network: Network
  /** Canonical; empty when there is none. */
  readonly gateway: string
  /** Index into the result's interfaces. */
  readonly interface: number | null
}

/**
 * Without a version of its own a result has the configuration's (libcni before 1.0 wrote none).
 * @throws {CniError} code 7 that names the key
 */
export function previousResultOf(given: unknown, text: string, configured: CniVersion): PreviousResult {
  if (!isObject(given)) throw invalid('', given, 'an object')
  const version = knownVersion(given.cniVersion || configured)
  if (version === undefined) throw invalid('.cniVersion', given.cniVersion, 'a CNI version that is known')
  return { version, value: given, text, addresses: addressesOf(given, version) }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The items of a list that may be left out or null, as Go programs print it. */
export function listOf(value: JsonObject, key: string): readonly JsonObject[] {
  const list = value[key] ?? []
  if (!Array.isArray(list) || !list.every(isObject)) throw invalid(`.${key}`, list, 'a list of objects')
  return list
}

function addressesOf(result: JsonObject, version: CniVersion): PodAddress[] {
  if (shapeOf(version) !== 'legacy') {
    return listOf(result, 'ips').map((item, index) => podAddress(item, 'address', `.ips[${index}]`))
  }
  return ['ip4', 'ip6'].flatMap((key) => {
    const item = result[key] ?? undefined
    if (item === undefined) return []
    if (!isObject(item)) throw invalid(`.${key}`, item, 'an object')
    return [podAddress(item, 'ip', `.${key}`)]
  })
}

function podAddress(item: JsonObject, key: string, path: string): PodAddress {
  const address = item[key]
  const network = typeof address === 'string' ? networkOf(address) : undefined
  if (network === undefined) throw invalid(`${path}.${key}`, address, 'an address with its prefix length')
  const given = item.gateway ?? ''
  const gateway = given === '' ? '' : typeof given === 'string' ? canonicalAddress(given) : undefined
  if (gateway === undefined) throw invalid(`${path}.gateway`, given, 'an address')
  const index = item.interface ?? null
  if (index !== null && (typeof index !== 'number' || !Number.isInteger(index))) {
    throw invalid(`${path}.interface`, index, 'an index into interfaces')
  }
  return { network, gateway, interface: index }
}

function invalid(path: string, value: unknown, expectation: string): CniError {
  const given = (JSON.stringify(value) ?? 'nothing').slice(0, 256)
  return new CniError(CNI_ERROR.invalidConfig, `prevResult${path} is ${given}, expected ${expectation}`)
}
