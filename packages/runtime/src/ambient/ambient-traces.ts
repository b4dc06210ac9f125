import type { KernelProgram } from '../rules/program.ts'
import type { Finding } from './ports.ts'

/** What only rules for ambient pods have, in listings; a sidecar's are in other tables and have no such chain. */
const trace = { nft: /^table inet istio-ambient-/, iptables: /^:ISTIO_PRERT / } as const

/** Listings that are too long are not compared line by line: ambient pods have no such rules. */
const isUncompared = ({ line }: Finding): boolean => line.includes('too many to compare')

/**
 * Whether a namespace has rules for an ambient pod, be they whole or not.
 * @param differences of the namespace from the program
 */
export function hasAmbientRules(program: KernelProgram, differences: readonly Finding[]): boolean {
  if (differences.some(isUncompared)) return false
  const traces = differences.filter(({ line }) => trace[program.backend].test(line))
  const missing = traces.filter(({ kind }) => kind === 'missing')
  return missing.length < tracesOf(program) || missing.length < traces.length
}

function tracesOf(program: KernelProgram): number {
  if (program.backend === 'nft') return program.tables.length
  const lines = [program.restore.ipv4, program.restore.ipv6].flatMap((text) => text?.split('\n') ?? [])
  return lines.filter((line) => trace.iptables.test(line)).length
}
