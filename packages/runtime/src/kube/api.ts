import type { Logger } from 'pino'
import type { ApiClient } from './client.ts'
import { type KnownPod, knownPod, PodCache } from './pod-cache.ts'
import { type Clock, PodWatch, systemClock } from './pod-watch.ts'
import { type PodSource, PodSourceError, type Projection } from './source.ts'

export interface ApiServerPodsOptions<P> {
  readonly client: ApiClient
  readonly nodeName: string
  readonly project: Projection<P>
  readonly log: Logger
  /** Told when the agent begins or ceases to follow the pods' changes. */
  readonly following: (isFollowing: boolean) => void
  readonly clock?: Clock
}

const deadlineMs = 5_000

/** The node's pods from a cache that follows the API server; a pod that it has not yet is asked for, once. */
export class ApiServerPods<P> implements PodSource<P> {
  readonly #options: ApiServerPodsOptions<P>
  readonly #cache: PodCache<P>
  readonly #watch: PodWatch
  #running: Promise<void> | undefined

  constructor(options: ApiServerPodsOptions<P>) {
    this.#options = options
    this.#cache = new PodCache(options.project)
    this.#watch = new PodWatch({ clock: systemClock, ...options, sink: this.#cache })
  }

  /** Does not wait for the API server: an agent that starts while it is away is unready, not dead. */
  async start(): Promise<void> {
    if (this.#options.client.isConfigured) this.#running = this.#watch.run()
  }

  unreadyReasons(): readonly string[] {
    if (!this.#options.client.isConfigured)
      return ['no API server is known: KUBERNETES_SERVICE_HOST is not set, nor is PODS_FROM']
    if (this.#watch.isListed) return []
    const why = this.#watch.problem ?? 'the API server has not answered yet'
    return [`the pods of node ${this.#options.nodeName} are not known yet: ${why}`]
  }

  async find(namespace: string, name: string, uid?: string): Promise<P | undefined> {
    const known = this.#cache.get(namespace, name)
    const isTheOne =
      known !== undefined && (uid === undefined || uid === known.uid || uid === known.staticUid)
    const found = isTheOne ? known : await this.#get(namespace, name)
    if (found === undefined) return undefined
    if ('pod' in found.found) return found.found.pod
    throw new PodSourceError(`the pod ${namespace}/${name} cannot be understood: ${found.found.error}`)
  }

  async close(): Promise<void> {
    this.#watch.stop()
    await this.#running
  }

  async #get(namespace: string, name: string): Promise<KnownPod<P> | undefined> {
    const { client, project } = this.#options
    if (!client.isConfigured) throw new PodSourceError('no API server is known')
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`
    const { status, body } = await client.call({ verb: 'get', path, deadlineMs })
    if (status === 404) return undefined
    if (status !== 200) throw new PodSourceError(`API server: GET ${path} was answered with ${status}`)
    let manifest: unknown
    try {
      manifest = JSON.parse(body)
    } catch (cause) {
      throw new PodSourceError(`API server: the answer to GET ${path} is no JSON`, { cause })
    }
    return knownPod(manifest, project)
  }
}
