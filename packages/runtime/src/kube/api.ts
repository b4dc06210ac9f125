import type { Logger } from 'pino'
import type { ApiClient } from './client.ts'
import { getObject } from './get-object.ts'
import { Listeners } from './listeners.ts'
import { type Clock, ObjectWatch, systemClock } from './object-watch.ts'
import { type KnownPod, knownPod, PodCache } from './pod-cache.ts'
import { type PodChange, type PodSource, PodSourceError, type Projection } from './source.ts'

export interface ApiServerPodsOptions<P> {
  readonly client: ApiClient
  readonly nodeName: string
  readonly project: Projection<P>
  readonly log: Logger
  /** Told when the agent begins or ceases to follow the pods' changes. */
  readonly following: (isFollowing: boolean) => void
  readonly clock?: Clock
}

/** The node's pods from a cache that follows the API server; a pod that it has not yet is asked for, once. */
export class ApiServerPods<P> implements PodSource<P> {
  readonly #options: ApiServerPodsOptions<P>
  readonly #cache: PodCache<P>
  readonly #watch: ObjectWatch
  readonly #listeners: Listeners<PodChange<P>>
  #running: Promise<void> | undefined

  constructor(options: ApiServerPodsOptions<P>) {
    this.#options = options
    const { client, project, nodeName, log, following, clock = systemClock } = options
    this.#listeners = new Listeners(log)
    this.#cache = new PodCache(project, (change) => this.#listeners.tell(change))
    this.#watch = new ObjectWatch({
      client,
      path: '/api/v1/pods',
      fieldSelector: `spec.nodeName=${nodeName}`,
      what: 'the pods of this node',
      sink: this.#cache,
      clock,
      log,
      following,
    })
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

  all(): Iterable<P> {
    return this.#cache.all()
  }

  /** The pod of that uid if the cache has it. */
  known(namespace: string, name: string, uid: string): P | undefined {
    const known = this.#cache.get(namespace, name)
    return known?.uid === uid ? known.understood : undefined
  }

  onChange(listener: (change: PodChange<P>) => void): void {
    this.#listeners.add(listener)
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
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`
    const manifest = await getObject(client, path)
    return manifest === undefined ? undefined : knownPod(manifest, project)
  }
}
