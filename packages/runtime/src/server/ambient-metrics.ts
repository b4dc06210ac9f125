import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** Seconds; from a rule set that is there already to the plugin's deadline. */
const phaseBuckets = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const passBuckets = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** What ambient mode tells of itself: `ztunnel_connected` and `nodeagent_reconcile_events_total` are the original's. */
export class AmbientMetrics {
  readonly #ztunnels: Gauge<string>
  readonly #events: Counter<'type'>
  readonly #pods: Gauge<'state'>
  readonly #drift: Counter<'what'>
  readonly #enrolments: Counter<'how' | 'result'>
  readonly #leaves: Counter<'why'>
  readonly #phases: Histogram<'phase'>
  readonly #verification: Histogram<string>
  readonly #snapshot: Gauge<string>
  readonly #acks: Histogram<'kind'>
  readonly #failures: Counter<'kind' | 'code'>
  readonly #registry: Registry

  constructor(registry: Registry) {
    const registers = [registry]
    this.#registry = registry
    this.#ztunnels = new Gauge({
      name: 'ztunnel_connected',
      help: 'Connections to ztunnel',
      registers,
    })
    this.#events = new Counter({
      name: 'nodeagent_reconcile_events_total',
      help: "Changes of the node's pods that were looked at, by type",
      labelNames: ['type'],
      registers,
    })
    this.#pods = new Gauge({
      name: 'istio_cni_ambient_pods',
      help: 'Pods of this node in the ambient mesh: desired, enrolled with everything confirmed, unenrolled, drifted',
      labelNames: ['state'],
      registers,
    })
    this.#drift = new Counter({
      name: 'istio_cni_ambient_drift_total',
      help: 'Times that the node was found to differ from what it should be, and was repaired',
      labelNames: ['what'],
      registers,
    })
    this.#enrolments = new Counter({
      name: 'istio_cni_ambient_enrolments_total',
      help: 'Enrolments by ADD and of running pods, by result',
      labelNames: ['how', 'result'],
      registers,
    })
    this.#leaves = new Counter({
      name: 'istio_cni_ambient_leaves_total',
      help: 'Pods that left the ambient mesh, by reason',
      labelNames: ['why'],
      registers,
    })
    this.#phases = new Histogram({
      name: 'istio_cni_ambient_enrol_seconds',
      help: 'Time that an enrolment spent in a phase',
      labelNames: ['phase'],
      buckets: phaseBuckets,
      registers,
    })
    this.#verification = new Histogram({
      name: 'istio_cni_ambient_verification_seconds',
      help: 'Time that the looks at the kernel state of ambient pods in a round took together',
      buckets: passBuckets,
      registers,
    })
    this.#snapshot = new Gauge({
      name: 'istio_cni_ztunnel_snapshot_seconds',
      help: 'Time that the last snapshot for a ztunnel took',
      registers,
    })
    this.#acks = new Histogram({
      name: 'istio_cni_ztunnel_ack_seconds',
      help: 'Time from a message to ztunnel to its answer',
      labelNames: ['kind'],
      buckets: phaseBuckets,
      registers,
    })
    this.#failures = new Counter({
      name: 'istio_cni_ztunnel_failures_total',
      help: 'Messages that ztunnel did not answer with success',
      labelNames: ['kind', 'code'],
      registers,
    })
  }

  /** @param lastBeat when the loop that serves ztunnel last came round, milliseconds since the epoch */
  showBeat(lastBeat: () => number): void {
    const gauge: Gauge<string> = new Gauge({
      name: 'istio_cni_ztunnel_beat_timestamp_seconds',
      help: 'When the loop that serves ztunnel last came round, seconds since the epoch; it does so every second',
      registers: [this.#registry],
      collect: () => gauge.set(lastBeat() / 1000),
    })
  }

  connectionsChanged(count: number): void {
    this.#ztunnels.set(count)
  }

  snapshotAcked({ seconds }: Readonly<{ seconds: number }>): void {
    this.#snapshot.set(seconds)
  }

  acked(kind: string, seconds: number): void {
    this.#acks.observe({ kind }, seconds)
  }

  failed(kind: string, code: string): void {
    this.#failures.inc({ kind, code })
  }

  podsChanged(counts: Readonly<Record<'desired' | 'enrolled' | 'unenrolled' | 'drifted', number>>): void {
    for (const [state, count] of Object.entries(counts)) this.#pods.set({ state }, count)
  }

  countDrift(what: string): void {
    this.#drift.inc({ what })
  }

  countEnrolment(how: string, result: string): void {
    this.#enrolments.inc({ how, result })
  }

  countLeave(why: string): void {
    this.#leaves.inc({ why })
  }

  /** @param type in the original's words */
  countPodChange(type: 'add' | 'update' | 'delete'): void {
    this.#events.inc({ type })
  }

  observePhase(phase: string, seconds: number): void {
    this.#phases.observe({ phase }, seconds)
  }

  observeVerification(_pods: number, seconds: number): void {
    this.#verification.observe(seconds)
  }
}
