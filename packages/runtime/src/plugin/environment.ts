import { CNI_ERROR } from '@istio-install-cni/config-schema'
import { CniError } from './errors.ts'
import type { PluginPorts } from './ports.ts'

export const VERBS = ['ADD', 'DEL', 'CHECK', 'STATUS', 'GC', 'VERSION'] as const
export type Verb = (typeof VERBS)[number]

/** The call as its environment describes it; what was not given is empty. */
export interface Environment {
  readonly containerId: string
  readonly netns: string
  readonly interfaceName: string
  readonly args: string
  /** The runtime says that it may pass our own namespace (containernetworking/cni pkg/skel). */
  readonly allowOwnNetns: boolean
}

interface Variable {
  readonly name: string
  readonly requiredBy: readonly Verb[]
  readonly problem?: (value: string) => string | undefined
}

/**
 * SPEC.md, section 2 "Parameters". CNI_PATH is optional there for ADD; the CNI project's own plugins
 * demand it, every runtime sets it, and so does a call that was put together as it should be.
 */
const VARIABLES: readonly Variable[] = [
  { name: 'CNI_CONTAINERID', requiredBy: ['ADD', 'CHECK', 'DEL'], problem: containerIdProblem },
  { name: 'CNI_NETNS', requiredBy: ['ADD', 'CHECK'] },
  { name: 'CNI_IFNAME', requiredBy: ['ADD', 'CHECK', 'DEL'], problem: interfaceNameProblem },
  { name: 'CNI_PATH', requiredBy: ['ADD', 'GC'] },
]

/** Longest CNI_ARGS that we read, in UTF-16 units; Kubernetes needs some 500. */
const LONGEST_ARGS = 16 * 1024

/** @throws {CniError} code 4 naming the variables that are missing or the first that is malformed */
export function environmentOf(verb: Verb | undefined, ports: PluginPorts): Environment {
  const missing: string[] = []
  for (const { name, requiredBy, problem } of VARIABLES) {
    if (verb === undefined || !requiredBy.includes(verb)) continue
    const value = ports.env(name)
    if (!value) missing.push(name)
    else refuse(name, value, problem?.(value))
  }
  if (missing.length > 0) {
    throw new CniError(
      CNI_ERROR.invalidEnvironment,
      `required environment variables missing: ${missing.join(', ')}`,
    )
  }
  const given = (name: string) => ports.env(name) ?? ''
  const args = given('CNI_ARGS')
  if (args.length > LONGEST_ARGS) {
    throw new CniError(CNI_ERROR.invalidEnvironment, `CNI_ARGS has more than ${LONGEST_ARGS} characters`)
  }
  return {
    containerId: given('CNI_CONTAINERID'),
    netns: given('CNI_NETNS'),
    interfaceName: given('CNI_IFNAME'),
    args,
    allowOwnNetns: ['1', 'TRUE'].includes(given('CNI_NETNS_OVERRIDE').toUpperCase()),
  }
}

function refuse(name: string, value: string, problem: string | undefined): void {
  if (problem === undefined) return
  throw new CniError(
    CNI_ERROR.invalidEnvironment,
    `${name} ${problem}`,
    `${name}=${JSON.stringify(value.slice(0, 256))}`,
  )
}

function containerIdProblem(value: string): string | undefined {
  return /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(value)
    ? undefined
    : 'must start with a letter or digit and go on with letters, digits, "_", "." and "-"'
}

/** The kernel's rules (net/core/dev.c dev_valid_name), in ASCII because it travels as a header. */
function interfaceNameProblem(value: string): string | undefined {
  if (value.length > 15) return 'has more than 15 characters'
  if (value === '.' || value === '..') return 'is . or ..'
  return /^[!-.0-9;-~]+$/.test(value) ? undefined : 'may have printable ASCII characters but no "/" and ":"'
}
