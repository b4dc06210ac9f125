import {
  CNI_ERROR,
  NetConfError,
  type PluginConfig,
  parsePluginConfig,
} from '@istio-install-cni/config-schema'
import { CniError } from './errors.ts'
import { JsonError, parseJson, spanOf } from './json.ts'
import type { PluginPorts } from './ports.ts'
import { isObject, type JsonObject, type PreviousResult, previousResultOf } from './previous-result.ts'
import type { CniVersion } from './version.ts'

/** Largest configuration, in bytes; a result with hundreds of addresses has some 50 KiB. */
const LARGEST_INPUT = 1024 * 1024

/** The network configuration of a call: an object, and the text that it was read from. */
export interface Configuration {
  readonly text: string
  readonly json: JsonObject
}

/**
 * Reads standard input.
 * @throws {CniError} 5 unreadable, 6 undecodable
 */
export function readConfiguration(ports: PluginPorts): Configuration {
  const input = ports.readInput(LARGEST_INPUT)
  if ('failure' in input) {
    const code = input.failure === 'unreadable' ? CNI_ERROR.ioFailure : CNI_ERROR.undecodable
    throw new CniError(code, `network configuration on standard input: ${input.failure}`, input.detail)
  }
  return { text: input.text, json: decode(input.text) }
}

function decode(text: string): JsonObject {
  let json: unknown
  try {
    json = parseJson(text)
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause
    throw undecodable(text.trim() === '' ? 'it is empty' : cause.message, cause)
  }
  if (!isObject(json)) throw undecodable('it is no JSON object')
  return json
}

/** @throws {CniError} code 7 that names key, value and expectation */
export function pluginConfigOf({ json }: Configuration): PluginConfig {
  try {
    return parsePluginConfig(json)
  } catch (cause) {
    if (!(cause instanceof NetConfError)) throw cause
    throw new CniError(CNI_ERROR.invalidConfig, cause.message, undefined, cause)
  }
}

/** @throws {CniError} code 7 */
export function previousResultIn(
  { json, text }: Configuration,
  version: CniVersion,
): PreviousResult | undefined {
  const given = json.prevResult ?? undefined
  const span = given === undefined ? undefined : spanOf(text, 'prevResult')
  return span && previousResultOf(given, text.slice(span.start, span.end), version)
}

function undecodable(problem: string, cause?: unknown): CniError {
  return new CniError(
    CNI_ERROR.undecodable,
    `network configuration on standard input: ${problem}`,
    undefined,
    cause,
  )
}
