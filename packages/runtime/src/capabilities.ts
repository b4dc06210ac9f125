import { readFile } from 'node:fs/promises'
import {
  AGENT_CAPABILITIES,
  type AgentCapability,
  IMAGE_LAUNCHER,
  type Settings,
} from '@istio-install-cni/config-schema'
import type { Logger } from 'pino'
import { AgentError } from './errors.ts'

/** What the kernel lets a process do: fields of /proc/PID/status (proc_pid_status(5)). */
export interface Privileges {
  readonly userId: number
  readonly effective: bigint
  readonly bounding: bigint
  readonly noNewPrivileges: boolean
}

export function privilegesIn(status: string): Privileges {
  const field = (name: string) => new RegExp(`^${name}:\\s*(\\w+)`, 'm').exec(status)?.[1] ?? '0'
  return {
    userId: Number(field('Uid')),
    effective: BigInt(`0x${field('CapEff')}`),
    bounding: BigInt(`0x${field('CapBnd')}`),
    noNewPrivileges: field('NoNewPrivs') === '1',
  }
}

export const ownPrivileges = async (): Promise<Privileges> =>
  privilegesIn(await readFile('/proc/self/status', 'utf8'))

/** Those that the enabled features need. */
export function neededCapabilities({ nativeNftables }: Pick<Settings, 'nativeNftables'>): AgentCapability[] {
  const all = Object.keys(AGENT_CAPABILITIES) as AgentCapability[]
  return all.filter((name) => !(nativeNftables && name === 'NET_RAW'))
}

/** What is missing, what it is for, and what in the manifest keeps it away; undefined when nothing is missing. */
export function lackOf(
  { userId, effective, bounding, noNewPrivileges }: Privileges,
  needed: readonly AgentCapability[],
): { readonly isTotal: boolean; readonly says: string } | undefined {
  const isIn = (set: bigint) => (name: AgentCapability) =>
    ((set >> BigInt(AGENT_CAPABILITIES[name].number)) & 1n) === 1n
  const missing = needed.filter((name) => !isIn(effective)(name))
  if (missing.length === 0) return undefined
  const withheld = missing.filter((name) => !isIn(bounding)(name))
  const isTotal = missing.length === needed.length
  const purposes = missing.map((name) => `  ${name}: ${AGENT_CAPABILITIES[name].purpose}`)
  const remedy =
    withheld.length > 0
      ? `Add to the container's securityContext:\n  capabilities: { add: [${withheld.join(', ')}] }`
      : keptAway(userId, noNewPrivileges)
  return {
    isTotal,
    says: [`user ${userId} lacks capabilities:`, ...purposes, remedy].join('\n'),
  }
}

/** The container has them, but not the user: as root it would. */
function keptAway(userId: number, noNewPrivileges: boolean): string {
  if (userId === 0) return 'Start the agent with all capabilities of its container.'
  return noNewPrivileges
    ? "The container's securityContext has allowPrivilegeEscalation: false, so user " +
        `${userId} cannot get them. Remove it, or run as root: runAsUser: 0, runAsGroup: 0.`
    : `The file capabilities of ${IMAGE_LAUNCHER} hand them on: start the agent by it, from an image and a mount that ` +
        'keep them, or run as root: runAsUser: 0, runAsGroup: 0.'
}

/** Throws AgentError where nothing could work; a single one that is missing may never be needed. */
export async function mustHaveCapabilities(settings: Settings, log: Logger): Promise<void> {
  const lack = lackOf(await ownPrivileges(), neededCapabilities(settings))
  if (lack?.isTotal) throw new AgentError(lack.says)
  if (lack !== undefined) log.warn(lack.says)
}
