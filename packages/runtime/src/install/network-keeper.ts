import type { Settings } from '@istio-install-cni/config-schema'
import { messageOf } from '../errors.ts'
import { type Choice, consider } from './choice.ts'
import { type Fight, fightMessage, isFighting, nextRound, peace } from './fight.ts'
import type { JsonDocument } from './json.ts'
import type { Log } from './log.ts'
import { planNetwork, settle } from './network.ts'
import { type InstallMetrics, NotInstalled } from './readiness.ts'
import type { Plan, Step } from './wanted.ts'

/** Of skipped files, in a reason for not being ready. */
const mostNotes = 5

type Installation = Extract<Plan, { outcome: 'install' }>

/** What the keeper found or made; `againMs` asks to be called again by then. */
export interface Kept {
  changed: boolean
  warnings: string[]
  againMs?: number
}

/** Keeps our plugin in the node's network configuration, against other programs that write there. */
export class NetworkKeeper {
  readonly #settings: Settings
  readonly #log: Log
  readonly #metrics: InstallMetrics
  readonly #now: () => number
  readonly #fought: (message: string) => void
  readonly #said = new Set<string>()
  #choice: Choice = {}
  #kept: string | undefined
  #fight: Fight = peace
  #pausedUntil = 0
  #fightWarning = ''

  /** @param fought told of a fight over the file, in every round of it */
  constructor(
    settings: Settings,
    log: Log,
    metrics: InstallMetrics,
    now: () => number,
    fought: (message: string) => void,
  ) {
    this.#settings = settings
    this.#log = log
    this.#metrics = metrics
    this.#now = now
    this.#fought = fought
  }

  /** One look, and what is to be done. Throws `NotInstalled` when the node cannot be configured now. */
  async keep(entry: JsonDocument): Promise<Kept> {
    let againMs: number | undefined
    let changed = false
    const decide = async (): Promise<Installation> => {
      const accepted = await this.#decide(entry)
      againMs = accepted.againMs
      return accepted.plan
    }
    try {
      const plan = await settle(this.#settings.mountedCniNetDir, decide, (step) => {
        changed = true
        this.#tellDone(step)
      })
      this.#kept = plan.target
      return { changed, warnings: this.#warningsOf(plan), ...(againMs === undefined ? {} : { againMs }) }
    } catch (error) {
      if (error instanceof NotInstalled) throw error
      throw new NotInstalled(messageOf(error), 'CREATE_CNI_CONFIG_FAILURE', { cause: error })
    }
  }

  async #decide(entry: JsonDocument): Promise<{ plan: Installation; againMs?: number }> {
    const { plan, names } = await planNetwork(this.#settings, entry, this.#choice.network)
    for (const note of plan.notes) this.#sayOnce(note)
    if (plan.outcome === 'wait') {
      const why = [plan.reason, ...plan.notes.slice(0, mostNotes)].join('; ')
      throw new NotInstalled(`waiting in ${this.#settings.mountedCniNetDir}: ${why}`, 'waiting')
    }
    if (plan.outcome === 'refuse') throw plan.error
    const { choice, verdict, againMs, reason } = consider(
      this.#choice,
      plan,
      this.#settings.cniConfName !== '',
      this.#now(),
    )
    this.#choice = choice
    if (verdict === 'replan') return this.#decide(entry)
    const again = againMs === undefined ? {} : { againMs }
    if (verdict === 'hold') throw new NotInstalled(reason ?? '', 'waiting', again)
    if (plan.steps.length > 0) this.#bear(plan, names)
    return { plan, ...again }
  }

  /** Our plugin was in place and is not any more: count it, and pause when it happens too often. */
  #bear({ target }: Installation, names: readonly string[]): void {
    const now = this.#now()
    if (this.#kept === target) {
      this.#kept = undefined
      const { fight, pauseMs, announce } = nextRound(this.#fight, now)
      this.#fight = fight
      this.#pausedUntil = now + pauseMs
      this.#metrics.rewritten(target)
      if (announce) {
        this.#fightWarning = fightMessage(target, fight.rewrites, names)
        this.#log.warn({ file: target }, this.#fightWarning)
      }
      if (pauseMs > 0) this.#fought(fightMessage(target, fight.rewrites, names))
    }
    const restMs = this.#pausedUntil - now
    if (restMs > 0) throw new NotInstalled(this.#fightWarning, 'waiting', { againMs: restMs })
  }

  #warningsOf({ preemptedBy, target }: Installation): string[] {
    const warnings = isFighting(this.#fight, this.#now()) ? [this.#fightWarning] : []
    if (preemptedBy === undefined) return warnings
    const preempted = `${preemptedBy} sorts before ${target}, which has our plugin: a runtime that loads the first configuration starts pods outside the mesh`
    this.#sayOnce(preempted)
    return [...warnings, preempted]
  }

  #sayOnce(note: string): void {
    if (this.#said.has(note)) return
    // Names of files are unbounded in number over a node's life.
    if (this.#said.size > 100) this.#said.clear()
    this.#said.add(note)
    this.#log.warn({ directory: this.#settings.mountedCniNetDir }, note)
  }

  #tellDone({ act, name }: Step): void {
    // From now on a missing entry is somebody's doing, even before this pass is over.
    if (act === 'write') this.#kept = name
    this.#log.info(
      { file: name },
      act === 'write' ? 'wrote the network configuration' : 'removed a replaced file',
    )
  }
}
