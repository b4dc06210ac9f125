import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from 'pino'
import { messageOf } from '../errors.ts'
import { Backoff, type Sleep } from './backoff.ts'
import type { ApiClient } from './client.ts'
import { listIn, memberIn, objectIn, textIn } from './json-object.ts'
import { PodSourceError } from './source.ts'

/** Receives the objects, in the order in which they change. */
interface ObjectSink {
  replace(manifests: readonly unknown[]): void
  put(manifest: unknown): void
  remove(manifest: unknown): void
}

/** What a test has another of. */
export interface Clock {
  /** Milliseconds that only grow. */
  now(): number
  sleep: Sleep
  /** 0 to 1. */
  random(): number
}

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => wait(ms, undefined, { signal, ref: false }).catch(() => {}),
  random: Math.random,
}

export interface ObjectWatchOptions {
  readonly client: ApiClient
  /** Path of the collection, as `/api/v1/pods`. */
  readonly path: string
  /** Which objects of the collection; absent for all. */
  readonly fieldSelector?: string
  /** What the objects are called in the log and in reasons, as `the pods of this node`. */
  readonly what: string
  readonly sink: ObjectSink
  readonly clock: Clock
  readonly log: Logger
  /** Told when the agent begins or ceases to follow the objects' changes. */
  readonly following: (isFollowing: boolean) => void
}

const listDeadlineMs = 30_000
/** A version is opaque, in practice a number; it goes into the next request. */
const longestVersion = 256
/** After so long without failure the next one is the first. */
const healthyMs = 60_000
/** The server ends a watch after this; it differs each time, so that not all watches of a cluster end together. */
const watchSeconds = { least: 300, spread: 300 }

/** The server no longer has the changes since the version that was asked for. */
class ExpiredError extends Error {}

/**
 * Follows objects of one kind: lists them once, then watches their changes from where the list ended. A watch that
 * ends is taken up where it was; only a server that forgot that version, or that is not understood, is listed again.
 * What is known stays known meanwhile.
 */
export class ObjectWatch {
  readonly #options: ObjectWatchOptions
  readonly #stop = new AbortController()
  readonly #backoff: Backoff
  /** `0`: whatever the server's cache has; empty: what etcd has; else at least as new as this. */
  #version = '0'
  #isListed = false
  #mustList = true
  #problem: string | undefined

  constructor(options: ObjectWatchOptions) {
    this.#options = options
    this.#backoff = new Backoff(options.clock.random)
  }

  /** True from the first list on, for ever. */
  get isListed(): boolean {
    return this.#isListed
  }

  /** Why the last attempt failed; undefined while it works. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** Runs until `stop`. */
  async run(): Promise<void> {
    const { clock, log, what } = this.#options
    while (!this.#stop.signal.aborted) {
      const started = clock.now()
      try {
        await this.#round()
      } catch (error) {
        if (this.#stop.signal.aborted) break
        const why = messageOf(error)
        // Once for each reason: an API server that is away for long needs no line for each attempt.
        if (why !== this.#problem) log.warn({ why }, `cannot follow ${what} now; what is known stays in use`)
        this.#problem = why
      }
      this.#options.following(false)
      if (clock.now() - started >= healthyMs) this.#backoff.reset()
      await clock.sleep(this.#backoff.next(), this.#stop.signal)
    }
  }

  stop(): void {
    this.#stop.abort()
  }

  async #round(): Promise<void> {
    try {
      if (this.#mustList) await this.#list()
      await this.#watch()
    } catch (error) {
      // A connection that broke goes on from the last version; everything else starts from a list.
      if (!(error instanceof PodSourceError) || error.cause instanceof RangeError) this.#mustList = true
      if (!(error instanceof ExpiredError)) throw error
      const { log, what } = this.#options
      log.debug(`the API server has forgotten where the watch was; lists ${what} again`)
    }
  }

  async #list(): Promise<void> {
    const { client, sink, log, what } = this.#options
    const path = this.#path({ resourceVersion: this.#version })
    const signal = this.#stop.signal
    const { status, body } = await client.call({ verb: 'list', path, deadlineMs: listDeadlineMs, signal })
    if (status !== 200) {
      // 410: too old; 504: "too large resource version", as after a restored etcd. Only etcd itself knows then.
      if ((status === 410 || status === 504) && this.#version !== '0') this.#version = ''
      throw new Error(`listing ${what} was answered with ${status} ${quoted(body)}${client.advice(status)}`)
    }
    const list = objectIn(JSON.parse(body))
    const version = textIn(memberIn(list, 'metadata'), 'resourceVersion')
    if (version === undefined || version.length > longestVersion || !Array.isArray(list.items))
      throw new Error(`the list of ${what} is none`)
    const objects = listIn(list, 'items')
    sink.replace(objects)
    this.#version = version
    this.#mustList = false
    if (!this.#isListed) log.info({ count: objects.length }, `knows ${what}`)
    this.#isListed = true
  }

  async #watch(): Promise<void> {
    const { client, clock, log, what } = this.#options
    const seconds = watchSeconds.least + Math.floor(clock.random() * watchSeconds.spread)
    const path = this.#path({
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: this.#version,
      timeoutSeconds: String(seconds),
    })
    const call = { path, deadlineMs: (seconds + 30) * 1000, signal: this.#stop.signal }
    const answer = await client.watch(call)
    if (answer.status === 410) throw new ExpiredError('410')
    if (!('lines' in answer)) {
      const { status, body } = answer
      throw new PodSourceError(
        `watching ${what} was answered with ${status} ${quoted(body)}${client.advice(status)}`,
      )
    }
    this.#options.following(true)
    if (this.#problem !== undefined) log.info(`follows ${what} again`)
    this.#problem = undefined
    for await (const line of answer.lines) this.#take(line)
  }

  #take(line: string): void {
    const { sink } = this.#options
    const event = objectIn(JSON.parse(line))
    const object = memberIn(event, 'object')
    switch (event.type) {
      case 'ADDED':
      case 'MODIFIED':
        sink.put(object)
        break
      case 'DELETED':
        sink.remove(object)
        break
      case 'ERROR':
        if (object.code === 410) throw new ExpiredError('410')
        throw new Error(`the API server ended the watch: ${quoted(line)}`)
    }
    const version = textIn(memberIn(object, 'metadata'), 'resourceVersion')
    if (version !== undefined && version !== '' && version.length <= longestVersion) this.#version = version
  }

  #path(parameters: Readonly<Record<string, string>>): string {
    const { path, fieldSelector } = this.#options
    const query = new URLSearchParams({
      ...(fieldSelector !== undefined && { fieldSelector }),
      ...parameters,
    })
    return `${path}?${query}`
  }
}

/** The beginning of what a server said, on one line. */
const quoted = (text: string) => JSON.stringify(text.slice(0, 200))
