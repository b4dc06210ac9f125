import type { Logger } from 'pino'
import { messageOf } from '../errors.ts'
import { accountOfToken } from './account-token.ts'
import { Backoff } from './backoff.ts'
import type { ApiClient } from './client.ts'
import { type Clock, systemClock } from './object-watch.ts'
import { type TokenLifetime, tokenLifetime } from './token-lifetime.ts'
import { requestToken, TokenRequestError } from './token-request.ts'

export interface HostTokenOptions {
  readonly client: Pick<ApiClient, 'call' | 'advice'>
  /** The token that the kubelet gave the agent's pod, read anew; undefined without one. */
  readonly podToken: () => Promise<string | undefined>
  readonly nodeName: string
  /** Seconds that a token lives. */
  readonly seconds: number
  readonly log: Logger
  readonly clock?: Clock
  /** Milliseconds since the epoch: it goes on while the machine sleeps, as the token's life does. */
  readonly wallClock?: () => number
}

interface Held extends TokenLifetime {
  readonly token: string
  readonly issuedAt: number
  readonly issuedAtWall: number
  /** Of the pod's token with which it was asked for. */
  readonly generation: string
}

const checkMs = 60_000
/** A right that is missing comes within seconds while the chart is installed, else with its next version. */
const quickRefusals = 3
const refusedMs = 600_000
/** These pass by themselves. */
const passing = (status: number | undefined) =>
  status === undefined || status === 401 || status === 429 || status >= 500

/**
 * A token of the agent's account for the node, which, unlike that of the agent's pod, outlives the pod: an orphaned
 * plugin asks with it. Keeps it fresh; without it, the caller has the pod's own. No token is ever logged.
 */
export class HostToken {
  readonly #options: HostTokenOptions
  readonly #clock: Clock
  readonly #wallClock: () => number
  readonly #backoff: Backoff
  readonly #stop = new AbortController()
  readonly #listeners: (() => void)[] = []
  #held: Held | undefined
  /** In a row. */
  #failures = 0

  constructor(options: HostTokenOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#wallClock = options.wallClock ?? Date.now
    this.#backoff = new Backoff(this.#clock.random)
  }

  /** Begins to ask for tokens; waits for none. */
  start(): void {
    void this.#keep()
  }

  /** The token to leave on the node; undefined while there is none that is good for a while yet. */
  current(): string | undefined {
    return this.#held !== undefined && this.#ageOf(this.#held) < this.#held.spentAfterMs
      ? this.#held.token
      : undefined
  }

  /** @param listener told when there is another token, or none any more */
  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** Forgets the token. */
  close(): void {
    this.#stop.abort()
    this.#held = undefined
  }

  async #keep(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) await this.#clock.sleep(await this.#check(), signal)
  }

  /** @returns milliseconds until the next one */
  async #check(): Promise<number> {
    if (this.#held !== undefined && this.current() === undefined) this.#become(undefined)
    try {
      return await this.#renewIfDue()
    } catch (error) {
      if (this.#stop.signal.aborted) return checkMs
      const why = messageOf(error)
      if (this.#failures > 0) this.#options.log.debug({ why }, 'could not get a token for the node')
      else
        this.#options.log.warn(
          { why },
          'cannot get a token for the node now; its kubeconfig ends with this pod',
        )
      this.#failures += 1
      const isRefused = error instanceof TokenRequestError && !passing(error.status)
      return isRefused && this.#failures > quickRefusals
        ? refusedMs * (1 + this.#clock.random())
        : this.#backoff.next()
    }
  }

  async #renewIfDue(): Promise<number> {
    const { client, podToken, nodeName, seconds, log } = this.#options
    const account = accountOfToken((await podToken()) ?? '')
    if (account === undefined) {
      log.debug('the pod has no token of a service account: asks for none for the node')
      return checkMs
    }
    const held = this.#held
    const isFresh = held !== undefined && this.#ageOf(held) < held.renewAfterMs
    if (isFresh && held.generation === account.generation) return checkMs
    const { signal } = this.#stop
    const asked = { issuedAt: this.#clock.now(), issuedAtWall: this.#wallClock() }
    const issued = await requestToken(client, { account, seconds, nodeName, signal })
    if (signal.aborted) return checkMs
    const { generation } = account
    const lifetime = tokenLifetime(issued.seconds, this.#clock.random())
    this.#backoff.reset()
    this.#failures = 0
    log.info(
      { seconds: issued.seconds, endsWithNode: issued.isBound },
      "got a token for the node's kubeconfig",
    )
    this.#become({ ...asked, ...lifetime, generation, token: issued.token })
    return checkMs
  }

  #ageOf({ issuedAt, issuedAtWall }: Held): number {
    return Math.max(this.#clock.now() - issuedAt, this.#wallClock() - issuedAtWall)
  }

  #become(held: Held | undefined): void {
    this.#held = held
    for (const listener of this.#listeners) listener()
  }
}
