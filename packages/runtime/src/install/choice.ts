import type { Plan } from './wanted.ts'

/** A file that cannot be used may be one that is just being written. */
const doubtMs = 1_000
/** The file that we chained into may be gone only until its owner has written it anew. */
const absenceMs = 2_000
/** A network that was added before ours: its installation may go on with naming ours in it, or with removing ours. */
const preemptionMs = 15_000

/** The network that we chain into (a stem), and since when another one asks to be it. */
export interface Choice {
  network?: string
  other?: { name: string; since: number }
}

export interface Considered {
  choice: Choice
  /** `hold`: change nothing yet. `replan`: the choice has changed, decide with it. */
  verdict: 'accept' | 'hold' | 'replan'
  /** Look again after this time at the latest. */
  againMs?: number
  /** Why it is on hold. */
  reason?: string
}

/**
 * Whether to follow a plan that moves to another network. Moving at every glance would put our plugin into the
 * wrong file for good: other programs write their files in several steps. `now` is in milliseconds.
 */
export function consider(choice: Choice, plan: Plan, isNamed: boolean, now: number): Considered {
  if (plan.outcome !== 'install' || plan.network === undefined) return { choice, verdict: 'accept' }
  const { network } = plan
  // Named by the operator, or left so by an earlier run: nothing is put anywhere by moving.
  if (isNamed || (choice.network !== network && plan.steps.length === 0))
    return { choice: { network }, verdict: 'accept' }
  if (choice.network !== network) {
    const [name, patience, reason] = reasonToWait(choice, plan.doubtful, network)
    if (name === undefined) return { choice: { network }, verdict: 'accept' }
    const { other, restMs } = patienceWith(choice, name, patience, now)
    if (restMs <= 0) return { choice: { network }, verdict: 'accept' }
    return { choice: { ...choice, other }, verdict: 'hold', againMs: restMs, reason }
  }
  if (plan.preemptedBy === undefined) return { choice: { network }, verdict: 'accept' }
  const { other, restMs } = patienceWith(choice, plan.preemptedBy, preemptionMs, now)
  if (restMs <= 0) return { choice: {}, verdict: 'replan' }
  return { choice: { network, other }, verdict: 'accept', againMs: restMs }
}

function reasonToWait(
  { network: before }: Choice,
  doubtful: string | undefined,
  network: string,
): [name: string | undefined, patience: number, reason: string] {
  if (before !== undefined) {
    return [
      `${before} gone`,
      absenceMs,
      `${before}, which has our plugin, is gone or broken; the next one is ${network}`,
    ]
  }
  return [doubtful, doubtMs, `${doubtful} cannot be used, but may be only half written`]
}

function patienceWith({ other }: Choice, name: string, patience: number, now: number) {
  const since = other?.name === name ? other.since : now
  return { other: { name, since }, restMs: since + patience - now }
}
