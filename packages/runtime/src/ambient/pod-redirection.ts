import type { Logger } from 'pino'
import type { AmbientRedirection } from '../mesh/ambient-redirection.ts'
import type { Pod } from '../mesh/pod.ts'
import type { Difference } from '../netns/index.ts'
import type { KernelProgram } from '../rules/program.ts'
import type { EnrolledPod, PodRules } from './enrolled-pods.ts'
import { pathOf } from './namespace-handles.ts'
import type { AmbientObserver, Backend, Events, PodNetworks } from './ports.ts'

/** `ambientRules` and the printer of a back-end. */
export type ProgramFor = (redirection: AmbientRedirection, backend: Backend) => KernelProgram

export type PodRedirectionOptions = Readonly<{
  networks: PodNetworks
  programFor: ProgramFor
  nativeNftables: boolean
  /** AMBIENT_RECONCILE_POD_RULES_ON_STARTUP */
  changesRunningPods: boolean
  events: Events
  observer: AmbientObserver
  log: Logger
}>

const mostTold = 5

/** The rules inside of ambient pods: written, compared with what should be there, repaired, removed. */
export class PodRedirection {
  readonly #options: PodRedirectionOptions

  constructor(options: PodRedirectionOptions) {
    this.#options = options
  }

  /** Of new pods, and of running ones in which no other back-end was at work. */
  get backend(): Backend {
    return this.#options.nativeNftables ? 'nft' : 'iptables'
  }

  /** Rejects with NetnsError; then the rules are as they were. */
  async write(pod: EnrolledPod, redirection: AmbientRedirection): Promise<void> {
    const { networks, programFor } = this.#options
    await networks.applyRules(pathOf(pod.netns), programFor(redirection, pod.backend))
    pod.rules = confirmed(redirection)
    pod.isDrifted = false
  }

  /** What differs; the rules that this agent may not change count as right as long as any are there. */
  async differences(pod: EnrolledPod, redirection: AmbientRedirection): Promise<readonly Difference[]> {
    await this.examine(pod, redirection)
    const found = await this.#differencesFrom(pod, redirection, pod.backend)
    if (found.length === 0 || pod.rules.kind !== 'kept') return found
    return (await this.#options.networks.presentRules(pathOf(pod.netns))) === 'none' ? found : []
  }

  /**
   * A pod that was running before this agent knew it stays with the back-end that is at work in it, since two at
   * once would redirect twice and a change would cut connections. Rejects with NetnsError; then nothing is known, and
   * nothing may be written.
   */
  async examine(pod: EnrolledPod, redirection: AmbientRedirection): Promise<void> {
    if (pod.rules.kind !== 'unexamined') return
    const { networks, changesRunningPods } = this.#options
    const present = await networks.presentRules(pathOf(pod.netns))
    const backend = present === 'both' ? await this.#wholest(pod, redirection) : present
    // A CHECK and the reconciler may have asked at once.
    if (pod.rules.kind !== 'unexamined') return
    if (backend === 'none') pod.rules = { kind: 'unknown' }
    else Object.assign(pod, { backend, rules: { kind: changesRunningPods ? 'inherited' : 'kept' } })
  }

  /** Compares with the kernel and repairs. Rejects with NetnsError. */
  async verify(pod: EnrolledPod, told: Pod, redirection: AmbientRedirection): Promise<'right' | 'repaired'> {
    const { events, observer, log } = this.#options
    const differences = await this.differences(pod, redirection)
    const before = pod.rules
    pod.isDrifted = differences.length > 0
    if (differences.length === 0) {
      if (before.kind !== 'kept') pod.rules = confirmed(redirection)
      return 'right'
    }
    await this.write(pod, redirection)
    const fields = { pod: pod.name, namespace: pod.namespace, differences: differences.slice(0, mostTold) }
    const isOutdated = before.kind === 'confirmed' && before.wanted !== wantedBy(redirection)
    if (isOutdated || before.kind === 'inherited') {
      log.info(fields, 'brought the rules of an ambient pod up to date')
      return 'repaired'
    }
    observer.countDrift('rules')
    log.warn(fields, 'repaired the rules of an ambient pod')
    events.warn(told, 'RedirectionRepaired', `the pod's redirection was not whole: ${summary(differences)}`)
    return 'repaired'
  }

  /**
   * Takes out what is of ambient mode; rules of a sidecar are somebody else's.
   * @param isWanted asked at the last moment
   * @returns whether there was any
   */
  async clear(path: string, isWanted: () => boolean = () => false): Promise<boolean> {
    const { networks } = this.#options
    const { ambient, sidecar } = await networks.presentModes(path)
    if (sidecar || isWanted()) return false
    await networks.removeRules(path)
    return ambient
  }

  /** Of two back-ends at work the one that misses less: writing its program then leaves it and removes the other. */
  async #wholest(pod: EnrolledPod, redirection: AmbientRedirection): Promise<Backend> {
    const other = this.backend === 'nft' ? 'iptables' : 'nft'
    const missing = async (backend: Backend) => {
      const differences = await this.#differencesFrom(pod, redirection, backend)
      return differences.filter(({ kind }) => kind === 'missing').length
    }
    return (await missing(other)) < (await missing(this.backend)) ? other : this.backend
  }

  #differencesFrom({ netns }: EnrolledPod, redirection: AmbientRedirection, backend: Backend) {
    const { networks, programFor } = this.#options
    return networks.verifyRules(pathOf(netns), programFor(redirection, backend))
  }
}

/** Whether the rules are known to be those that the redirection needs. */
export const isFor = (rules: PodRules, redirection: AmbientRedirection): boolean =>
  rules.kind === 'kept' || (rules.kind === 'confirmed' && rules.wanted === wantedBy(redirection))

const wantedBy = (redirection: AmbientRedirection): string => JSON.stringify(redirection)
const confirmed = (redirection: AmbientRedirection): PodRules => ({
  kind: 'confirmed',
  wanted: wantedBy(redirection),
})

function summary(differences: readonly Difference[]): string {
  const told = differences.slice(0, mostTold).map(({ kind, line }) => `${kind} ${line}`)
  const rest = differences.length - told.length
  return [...told, ...(rest > 0 ? [`and ${rest} more`] : [])].join('; ').slice(0, 900)
}
