import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import { messageOf } from '../errors.ts'
import type { ApiClient } from './client.ts'
import { EventLimit, type ToldEvent } from './event-limit.ts'
import type { EventfulPod, PodEvents } from './pod-events.ts'

export interface ApiPodEventsOptions {
  readonly client: ApiClient
  readonly nodeName: string
  readonly log: Logger
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number
}

const component = 'istio-cni'
const deadlineMs = 5_000
/** Kubernetes' limit for the message of an event, in bytes. */
const longestMessage = 1024

/** Events of pods in the API (core/v1), as `kubectl describe pod` shows them. Repeated ones are counted. */
export class ApiPodEvents implements PodEvents {
  readonly #options: ApiPodEventsOptions
  readonly #limit: EventLimit

  constructor(options: ApiPodEventsOptions) {
    this.#options = options
    this.#limit = new EventLimit(options.now ?? (() => performance.now()))
  }

  /** Nobody waits for it; what cannot be told is in the log, where its cause is told anyway. */
  warn(pod: EventfulPod, reason: string, message: string): void {
    const key = JSON.stringify([pod.namespace, pod.name, pod.uid, reason])
    const admitted = this.#limit.admit(key, () => ({
      name: `${pod.name.slice(0, 200)}.${randomBytes(8).toString('hex')}`,
      first: new Date(),
    }))
    if (admitted === undefined) return
    const { event, isNew } = admitted
    const told = isNew ? this.#create(pod, event, reason, message) : this.#repeat(pod, event, message)
    told.catch((error: unknown) => {
      this.#limit.forget(key)
      const fields = { pod: pod.name, namespace: pod.namespace, reason }
      this.#options.log.debug({ ...fields, why: messageOf(error) }, 'could not tell an event of a pod')
    })
  }

  async #create(pod: EventfulPod, event: ToldEvent, reason: string, message: string): Promise<void> {
    const { client, nodeName } = this.#options
    const time = wholeSeconds(event.first)
    const body = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: event.name, namespace: pod.namespace },
      involvedObject: {
        apiVersion: 'v1',
        kind: 'Pod',
        namespace: pod.namespace,
        name: pod.name,
        ...(pod.uid !== '' && { uid: pod.uid }),
      },
      type: 'Warning',
      reason,
      message: shortened(message),
      count: event.count,
      firstTimestamp: time,
      lastTimestamp: time,
      source: { component, host: nodeName },
      reportingComponent: component,
      reportingInstance: nodeName,
    }
    const path = eventsPath(pod.namespace)
    expectSuccess(client, await client.call({ verb: 'create', path, deadlineMs, body }))
  }

  async #repeat(pod: EventfulPod, event: ToldEvent, message: string): Promise<void> {
    const { client } = this.#options
    const path = `${eventsPath(pod.namespace)}/${event.name}`
    const body = {
      count: event.count,
      lastTimestamp: wholeSeconds(new Date()),
      message: shortened(message),
    }
    expectSuccess(client, await client.call({ verb: 'patch', path, deadlineMs, body }))
  }
}

function expectSuccess(client: ApiClient, { status }: { status: number }): void {
  if (status < 200 || status > 299)
    throw new Error(`the API server answered with ${status}${client.advice(status)}`)
}

function shortened(message: string): string {
  const bytes = Buffer.from(message)
  if (bytes.length <= longestMessage) return message
  // A character that was cut in two is dropped.
  return `${bytes
    .subarray(0, longestMessage - 8)
    .toString('utf8')
    .replace(/\uFFFD+$/, '')}…`
}

const eventsPath = (namespace: string) => `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`

/** Kubernetes' Time has no fractions. */
const wholeSeconds = (date: Date) => date.toISOString().replace(/\.\d+Z$/, 'Z')
