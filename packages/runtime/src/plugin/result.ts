import { CNI_ERROR } from '@istio-install-cni/config-schema'
import { networkOf } from './address.ts'
import { CniError } from './errors.ts'
import { spanOf } from './json.ts'
import { isObject, type JsonObject, listOf, type PreviousResult } from './previous-result.ts'
import { type CniVersion, shapeOf } from './version.ts'

/**
 * What ADD prints: the previous result in the configured version, to the byte where the shape allows it;
 * without one (Multus calls us alone) an empty result.
 * @throws {CniError} code 7 when the configured version cannot express it
 */
export function resultText(previous: PreviousResult | undefined, version: CniVersion): string {
  if (previous === undefined) return emptyResult(version)
  if (shapeOf(previous.version) === shapeOf(version)) return withVersion(previous, version)
  return JSON.stringify(convert(previous, version))
}

function emptyResult(version: CniVersion): string {
  switch (shapeOf(version)) {
    case 'legacy':
      throw withoutAddress(version)
    case 'listed':
      return JSON.stringify({ cniVersion: version, dns: {} })
    case 'current':
      return JSON.stringify({ cniVersion: version })
  }
}

function withVersion({ value, text }: PreviousResult, version: CniVersion): string {
  if (value.cniVersion === version) return text
  const span = spanOf(text, 'cniVersion')
  const quoted = JSON.stringify(version)
  if (span !== undefined) return text.slice(0, span.start) + quoted + text.slice(span.end)
  const separator = Object.keys(value).length > 0 ? ',' : ''
  return `{"cniVersion":${quoted}${separator}${text.slice(text.indexOf('{') + 1)}`
}

/** The conversions of the CNI project's library (pkg/types); keys that it does not know stay. */
function convert({ value, version: from }: PreviousResult, version: CniVersion): JsonObject {
  const listed = shapeOf(from) === 'legacy' ? fromLegacy(value) : value
  switch (shapeOf(version)) {
    case 'legacy':
      return toLegacy(listed, version)
    case 'listed':
      return { ...listed, cniVersion: version, ips: listOf(listed, 'ips').map(withFamily) }
    case 'current':
      return { ...listed, cniVersion: version, ips: listOf(listed, 'ips').map(withoutFamily) }
  }
}

function fromLegacy(value: JsonObject): JsonObject {
  const { ip4, ip6, ...rest } = value
  const configs = [ip4, ip6].filter(isObject)
  return {
    ...rest,
    ips: configs.map(({ ip, gateway }) => ({ address: ip, ...(gateway === undefined ? {} : { gateway }) })),
    routes: configs.flatMap((config) => listOf(config, 'routes')),
  }
}

/** Keeps the first address of each family: more do not fit. */
function toLegacy(value: JsonObject, version: CniVersion): JsonObject {
  const { interfaces: _interfaces, ips: _ips, routes: _routes, ...rest } = value
  const half = (family: 4 | 6) => {
    const first = listOf(value, 'ips').find((ip) => familyOf(ip.address) === family)
    if (first === undefined) return {}
    const routes = listOf(value, 'routes').filter((route) => familyOf(route.dst) === family)
    const { address, gateway } = first
    return {
      [`ip${family}`]: {
        ip: address,
        ...(gateway === undefined ? {} : { gateway }),
        ...(routes.length > 0
          ? { routes: routes.map(({ dst, gw }) => (gw === undefined ? { dst } : { dst, gw })) }
          : {}),
      },
    }
  }
  const halves = { ...half(4), ...half(6) }
  if (Object.keys(halves).length === 0) throw withoutAddress(version)
  return { ...rest, cniVersion: version, ...halves }
}

function withFamily(ip: JsonObject): JsonObject {
  return { version: String(familyOf(ip.address)), ...ip }
}

function withoutFamily({ version: _version, ...ip }: JsonObject): JsonObject {
  return ip
}

function familyOf(cidr: unknown): 4 | 6 | undefined {
  return typeof cidr === 'string' ? networkOf(cidr)?.family : undefined
}

function withoutAddress(version: CniVersion): CniError {
  return new CniError(
    CNI_ERROR.invalidConfig,
    `cniVersion ${version} has no result without an address`,
    'configure cniVersion 0.3.0 or later, or chain istio-cni behind a plugin that gives addresses',
  )
}
