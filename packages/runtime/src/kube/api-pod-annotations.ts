import { ANNOTATION } from '@istio-install-cni/config-schema'
import type { Logger } from 'pino'
import { messageOf } from '../errors.ts'
import { Backoff } from './backoff.ts'
import type { ApiClient } from './client.ts'
import { type Clock, systemClock } from './object-watch.ts'
import type { AmbientStatus, AnnotatedPod, PodAnnotations } from './pod-annotations.ts'
import { Slots } from './slots.ts'
import { PodSourceError } from './source.ts'

export interface ApiPodAnnotationsOptions {
  readonly client: ApiClient
  readonly log: Logger
  /** The annotations that the pod has as far as is known; undefined when nothing is known of it. */
  readonly known: (pod: AnnotatedPod) => Readonly<Record<string, string>> | undefined
  readonly clock?: Clock
}

const deadlineMs = 5_000
/** A node that joins the mesh annotates all its pods at once: the API server is not to feel it. */
const mostRequests = 8
/** Pods that wait to be annotated; a node has 1000 at most. */
const mostWaiting = 5_000

interface Wish {
  readonly pod: AnnotatedPod
  value: AmbientStatus
  /** Settles after the first attempt with this value. */
  attempt: PromiseWithResolvers<void>
  /** Ends the pause before the next attempt: a new value is tried at once. */
  wake: AbortController
}

/**
 * Annotates pods by patches of their status, as the original does: that takes no permission to change pods. One
 * request at a time for a pod, the newest value wins.
 */
export class ApiPodAnnotations implements PodAnnotations {
  readonly #options: ApiPodAnnotationsOptions
  readonly #clock: Clock
  readonly #slots = new Slots(mostRequests)
  readonly #stop = new AbortController()
  /** By pod. */
  readonly #wishes = new Map<string, Wish>()
  /** Written, but perhaps not in what is known yet. */
  readonly #written = new Map<string, AmbientStatus>()
  #problem: string | undefined

  constructor(options: ApiPodAnnotationsOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
  }

  async annotate(pod: AnnotatedPod, value: AmbientStatus): Promise<void> {
    const key = keyOf(pod)
    const wish = this.#wishes.get(key)
    if (wish !== undefined) {
      if (wish.value === value) return await wish.attempt.promise
      // What was asked for before is nobody's wish any more.
      wish.attempt.resolve()
      wish.value = value
      wish.attempt = Promise.withResolvers()
      wish.wake.abort()
      return await wish.attempt.promise
    }
    if (this.#isSo(pod, value) || this.#wishes.size >= mostWaiting || this.#stop.signal.aborted) return
    const created = { pod, value, attempt: Promise.withResolvers<void>(), wake: new AbortController() }
    this.#wishes.set(key, created)
    void this.#fulfil(key, created)
    return await created.attempt.promise
  }

  /** Requests that are under way are broken off. */
  close(): void {
    this.#stop.abort()
  }

  #isSo(pod: AnnotatedPod, value: AmbientStatus): boolean {
    const key = keyOf(pod)
    const annotations = this.#options.known(pod)
    if (annotations === undefined) return false
    const known = annotations[ANNOTATION.ambientRedirection]
    if (this.#written.has(key)) {
      if (this.#written.get(key) !== known) return false
      this.#written.delete(key)
    }
    return known === value
  }

  async #fulfil(key: string, wish: Wish): Promise<void> {
    const backoff = new Backoff(this.#clock.random)
    while (!this.#stop.signal.aborted) {
      const { value, attempt } = wish
      const isDone = await this.#slots.run(() => this.#try(wish.pod, value))
      attempt.resolve()
      if (isDone && wish.value === value) break
      if (!isDone) await this.#pause(wish, backoff.next())
    }
    wish.attempt.resolve()
    this.#wishes.delete(key)
  }

  async #pause(wish: Wish, ms: number): Promise<void> {
    await this.#clock.sleep(ms, AbortSignal.any([this.#stop.signal, wish.wake.signal]))
    wish.wake = new AbortController()
  }

  /** @returns true when nothing is left to be done */
  async #try(pod: AnnotatedPod, value: AmbientStatus): Promise<boolean> {
    const { log } = this.#options
    try {
      await this.#patch(pod, value)
      if (this.#problem !== undefined) log.info('annotates ambient pods again')
      this.#problem = undefined
      return true
    } catch (error) {
      if (this.#stop.signal.aborted) return true
      const why = messageOf(error)
      const fields = { pod: pod.name, namespace: pod.namespace, why }
      // Once while it lasts: it concerns all pods of the node.
      if (this.#problem === undefined) log.warn(fields, 'cannot annotate an ambient pod now; tries again')
      else log.debug(fields, 'could not annotate an ambient pod')
      this.#problem = why
      return false
    }
  }

  async #patch(pod: AnnotatedPod, value: AmbientStatus): Promise<void> {
    const { namespace, name, uid } = pod
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/status`
    const annotations = { [ANNOTATION.ambientRedirection]: value ?? null }
    // A uid that is another's makes the server refuse the patch.
    const body = { metadata: { ...(uid !== '' && { uid }), annotations } }
    const signal = this.#stop.signal
    const { status } = await this.#options.client.call({ verb: 'patch', path, deadlineMs, body, signal })
    // 404: the pod is gone; 422: another has its name now, or the server will never take it.
    if (status === 404 || status === 422) return this.#forget(pod, status)
    if (status !== 200) {
      const advice = this.#options.client.advice(status)
      throw new PodSourceError(`API server: PATCH ${path} was answered with ${status}${advice}`)
    }
    this.#remember(pod, value)
  }

  #forget(pod: AnnotatedPod, status: number): void {
    this.#written.delete(keyOf(pod))
    const fields = { pod: pod.name, namespace: pod.namespace, status }
    this.#options.log.debug(fields, 'left an ambient pod without annotation: it is gone')
  }

  #remember(pod: AnnotatedPod, value: AmbientStatus): void {
    const oldest = this.#written.size >= mostWaiting ? this.#written.keys().next().value : undefined
    if (oldest !== undefined) this.#written.delete(oldest)
    this.#written.set(keyOf(pod), value)
  }
}

const keyOf = ({ namespace, name, uid }: AnnotatedPod) => `${namespace}/${name}/${uid}`
