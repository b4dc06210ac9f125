import { METRICS_PATH } from '@istio-install-cni/config-schema'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { BoundedServer } from './bounded-server.ts'

/** A step of answering an ADD. */
export type AddPhase = 'lookup' | 'decide' | 'apply' | 'total'

/** Seconds; from a cache hit's tens of microseconds to the plugin's deadline. */
const phaseBuckets = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** The original's series under their names, and ours beside them. */
export class AgentMetrics {
  readonly registry = new Registry()
  readonly #installs = this.#register(
    new Counter({
      name: 'istio_cni_installs_total',
      help: 'Installations of the plugin, by result',
      labelNames: ['result'],
      registers: [],
    }),
  )
  readonly #installReady = this.#register(
    new Gauge({
      name: 'istio_cni_install_ready',
      help: '1 while the plugin is installed as it should be',
      registers: [],
    }),
  )
  readonly #requests = this.#register(
    new Counter({
      name: 'istio_cni_plugin_requests_total',
      help: 'ADD calls of the plugin, by HTTP status of the answer',
      labelNames: ['response_code'],
      registers: [],
    }),
  )
  readonly #phases = this.#register(
    new Histogram({
      name: 'istio_cni_add_phase_seconds',
      help: 'Time that an ADD spent in a phase',
      labelNames: ['phase'],
      buckets: phaseBuckets,
      registers: [],
    }),
  )
  readonly #decisions = this.#register(
    new Counter({
      name: 'istio_cni_pod_decisions_total',
      help: 'Decisions about pods at ADD',
      labelNames: ['decision'],
      registers: [],
    }),
  )
  readonly #fights = this.#register(
    new Counter({
      name: 'istio_cni_config_rewrites_total',
      help: 'Times that another writer undid the CNI configuration',
      registers: [],
    }),
  )
  readonly #apiRequests = this.#register(
    new Counter({
      name: 'istio_cni_api_requests_total',
      help: 'Requests to the API server, by verb and HTTP status ("error": no answer)',
      labelNames: ['verb', 'code'],
      registers: [],
    }),
  )
  readonly #followsPods = this.#register(
    new Gauge({
      name: 'istio_cni_pod_watch_connected',
      help: "1 while the agent follows the changes of its node's pods",
      registers: [],
    }),
  )

  constructor() {
    collectDefaultMetrics({ register: this.registry })
  }

  countInstall(result: string): void {
    this.#installs.inc({ result })
  }

  setInstallReady(isReady: boolean): void {
    this.#installReady.set(isReady ? 1 : 0)
  }

  countPluginRequest(status: number): void {
    this.#requests.inc({ response_code: String(status) })
  }

  countDecision(decision: string): void {
    this.#decisions.inc({ decision })
  }

  /** @param code HTTP status, or `error` */
  countApiRequest(verb: string, code: string): void {
    this.#apiRequests.inc({ verb, code })
  }

  setFollowsPods(isFollowing: boolean): void {
    this.#followsPods.set(isFollowing ? 1 : 0)
  }

  countRewrite(): void {
    this.#fights.inc()
  }

  /** @param seconds since the phase began */
  observePhase(phase: AddPhase, seconds: number): void {
    this.#phases.observe({ phase }, seconds)
  }

  #register<M extends Counter<string> | Gauge<string> | Histogram<string>>(metric: M): M {
    this.registry.registerMetric(metric)
    return metric
  }
}

/** `/metrics` in Prometheus' text format. */
export function createMetricsServer(metrics: AgentMetrics): BoundedServer {
  return new BoundedServer({ connections: 64 }, async (request, response) => {
    if (request.url !== METRICS_PATH) {
      response.writeHead(404).end('not found\n')
      return
    }
    const text = await metrics.registry.metrics()
    response.writeHead(200, { 'content-type': metrics.registry.contentType }).end(text)
  })
}
