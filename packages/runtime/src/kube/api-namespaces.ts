import type { Logger } from 'pino'
import type { ApiClient } from './client.ts'
import { getObject } from './get-object.ts'
import { Listeners } from './listeners.ts'
import { NamespaceCache, namespaceLabels } from './namespace-cache.ts'
import type { NamespaceLabels, NamespaceSource } from './namespace-source.ts'
import { type Clock, ObjectWatch, systemClock } from './object-watch.ts'

export interface ApiServerNamespacesOptions {
  readonly client: ApiClient
  readonly log: Logger
  readonly clock?: Clock
}

const path = '/api/v1/namespaces'

/** All namespaces of the cluster from a cache that follows the API server; one that it has not yet is asked for, once. */
export class ApiServerNamespaces implements NamespaceSource {
  readonly #client: ApiClient
  readonly #cache: NamespaceCache
  readonly #watch: ObjectWatch
  readonly #listeners: Listeners<string | undefined>
  #running: Promise<void> | undefined

  constructor({ client, log, clock = systemClock }: ApiServerNamespacesOptions) {
    this.#client = client
    this.#listeners = new Listeners(log)
    this.#cache = new NamespaceCache((name) => this.#listeners.tell(name))
    const sink = this.#cache
    this.#watch = new ObjectWatch({
      client,
      path,
      what: 'the namespaces',
      sink,
      clock,
      log,
      following: () => {},
    })
  }

  /** Does not wait for the API server. */
  async start(): Promise<void> {
    if (this.#client.isConfigured) this.#running = this.#watch.run()
  }

  unreadyReasons(): readonly string[] {
    if (this.#watch.isListed) return []
    const why = this.#watch.problem ?? 'the API server has not answered yet'
    return [`the namespaces are not known yet: ${why}`]
  }

  async labelsOf(name: string): Promise<NamespaceLabels | undefined> {
    return this.#cache.labelsOf(name) ?? (await this.#get(name))
  }

  onChange(listener: (name: string | undefined) => void): void {
    this.#listeners.add(listener)
  }

  async close(): Promise<void> {
    this.#watch.stop()
    await this.#running
  }

  async #get(name: string): Promise<NamespaceLabels | undefined> {
    const manifest = await getObject(this.#client, `${path}/${encodeURIComponent(name)}`)
    return manifest === undefined ? undefined : namespaceLabels(manifest)
  }
}
