/** What is done in the node's own namespace. All of it runs inside that namespace. */
import { existsSync } from 'node:fs'
import type { HostProgram } from '../rules/host-program.ts'
import type { Difference } from './difference.ts'
import { hostAddress, type ProbeMember } from './host-addresses.ts'
import { applyBranchRules, branchDifferences } from './host-branch.ts'
import { HostIptables, leftoverIptables, missingIn, removeHostIptables } from './host-iptables.ts'
import { HostNft, leftoverNft, removeHostNft } from './host-nft.ts'
import type { OpenNamespace } from './namespace.ts'
import type { ApplyOutcome } from './program-jobs.ts'
import type { Toolbox } from './rule-sets.ts'
import type { XtablesVariant } from './xtables.ts'

type HostProgramIn = Readonly<{ path: string; program: HostProgram; variant: XtablesVariant }>

export type HostJob =
  | (Readonly<{ kind: 'host-apply'; members: readonly ProbeMember[] }> & HostProgramIn)
  | (Readonly<{ kind: 'host-verify'; members: readonly ProbeMember[] }> & HostProgramIn)
  | (Readonly<{ kind: 'host-members' }> & HostProgramIn)
  | (Readonly<{ kind: 'host-change'; put: readonly ProbeMember[]; remove: readonly ProbeMember[] }> &
      HostProgramIn)
  /** Routing rules for those of the addresses that are of pods with AWS branch interfaces. */
  | Readonly<{ kind: 'host-branches'; path: string; addresses: readonly string[] }>
  | Readonly<{ kind: 'host-verify-branches'; path: string; addresses: readonly string[] }>
  | Readonly<{ kind: 'host-remove'; path: string }>

export type HostJobResults = {
  /** `found`: what was in the sets before. */
  'host-apply': Readonly<{ outcome: ApplyOutcome; found: ProbeMember[] }>
  'host-verify': Difference[]
  'host-members': ProbeMember[]
  'host-change': undefined
  /** How many rules were added or removed. */
  'host-branches': number
  'host-verify-branches': Difference[]
  'host-remove': undefined
}

type Backend = HostNft | HostIptables

export function runHostJob(
  given: HostJob,
  toolbox: Toolbox,
  current: OpenNamespace,
): HostJobResults[HostJob['kind']] {
  if (given.kind === 'host-branches') return applyBranchRules(given.addresses)
  if (given.kind === 'host-verify-branches') return branchDifferences(given.addresses)
  if (given.kind === 'host-remove') {
    applyBranchRules([])
    removeHostNft(toolbox.nftables)
    removeHostIptables(toolbox, undefined, [])
    return undefined
  }
  const job = { ...given, program: fittedHost(given.program, existsSync('/proc/thread-self/net/if_inet6')) }
  const { program, variant } = job
  const backend: Backend =
    program.backend === 'nft'
      ? new HostNft(program, toolbox.nftables, current)
      : new HostIptables(program, variant, toolbox, current)
  switch (job.kind) {
    case 'host-apply':
      return applyHost(job, backend, toolbox)
    case 'host-verify':
      return verifyHost(job, backend, toolbox)
    case 'host-members':
      return backend.members()
    case 'host-change':
      changeMembers(backend, job.put, job.remove)
      return undefined
  }
}

/** A kernel without IPv6 refuses ip6tables everything; nftables takes the rules all the same. */
export function fittedHost(program: HostProgram, hasIpv6: boolean): HostProgram {
  if (hasIpv6 || program.backend === 'nft') return program
  const ofIpv4 = ({ family }: { family: 4 | 6 }) => family === 4
  return { ...program, sets: program.sets.filter(ofIpv4), chains: program.chains.filter(ofIpv4) }
}

type HostState = Readonly<{ program: HostProgram; variant: XtablesVariant; members: readonly ProbeMember[] }>

function applyHost(job: HostState, backend: Backend, toolbox: Toolbox): HostJobResults['host-apply'] {
  const found = backend.members()
  const rules = backend.differences()
  const absent = missingAddresses(job, found)
  if (rules.length > 0) backend.write(absent)
  else if (absent.length > 0) backend.change(absent, [])
  const leftovers = leftoversOf(job, toolbox)
  if (leftovers.length > 0) removeLeftovers(job, toolbox)
  const isNew = rules.length > 0 && rules.every(({ kind }) => kind === 'missing') && found.length === 0
  const nothing = rules.length + absent.length + leftovers.length === 0
  return { outcome: nothing ? 'unchanged' : isNew ? 'applied' : 'replaced', found }
}

function verifyHost(job: HostState, backend: Backend, toolbox: Toolbox): Difference[] {
  return [
    ...backend.differences(),
    ...missingAddresses(job, backend.members()).map(
      ({ address }): Difference => ({ where: 'ip set', kind: 'missing', line: address }),
    ),
    ...leftoversOf(job, toolbox),
  ]
}

/** Only nftables' sets have no owners in the kernel. Addresses of a family without a set are nobody's concern. */
function missingAddresses({ program, members }: HostState, found: readonly ProbeMember[]): ProbeMember[] {
  const families = new Set(program.sets.map(({ family }) => family))
  const wanted = members.filter(({ address }) => families.has(hostAddress(address).family))
  if (program.backend === 'iptables') return missingIn(found, wanted)
  const present = new Set(found.map(({ address }) => address))
  return wanted.filter(({ address }) => !present.has(address))
}

/** An address is taken away from its owner, or from nobody when nobody knows whose it is; never from another pod. */
function changeMembers(backend: Backend, put: readonly ProbeMember[], remove: readonly ProbeMember[]): void {
  const kept = new Set(put.map(({ address }) => address))
  const owners = new Map(
    remove.length === 0 ? [] : backend.members().map(({ address, uid }) => [address, uid]),
  )
  const gone = remove.filter(({ address, uid }) => {
    const owner = owners.get(address)
    return !kept.has(address) && (owner === uid || owner === '')
  })
  backend.change(
    put,
    gone.map(({ address }) => address),
  )
}

function leftoversOf({ program, variant }: HostState, toolbox: Toolbox): Difference[] {
  if (program.backend === 'nft') return leftoverIptables(toolbox, undefined, [])
  return [...leftoverNft(toolbox.nftables), ...leftoverIptables(toolbox, variant, familiesOf(program))]
}

function removeLeftovers({ program, variant }: HostState, toolbox: Toolbox): void {
  if (program.backend === 'iptables') removeHostNft(toolbox.nftables)
  if (program.backend === 'nft') removeHostIptables(toolbox, undefined, [])
  else removeHostIptables(toolbox, variant, familiesOf(program))
}

const familiesOf = ({ sets }: HostProgram) => sets.map(({ family }) => family)
