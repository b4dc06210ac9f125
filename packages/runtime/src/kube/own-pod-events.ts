import type { Logger } from 'pino'
import { messageOf } from '../errors.ts'
import type { PodEvents } from './pod-events.ts'
import type { PodSource } from './source.ts'

/** Tells at the agent's own pod what concerns its node as a whole. */
export interface OwnPodEvents {
  /** As `PodEvents.warn`. */
  warn(reason: string, message: string): void
}

/** For an agent that does not know its pod. */
export const noOwnPodEvents: OwnPodEvents = { warn: () => {} }

export interface OwnPodEventsOptions {
  readonly namespace: string
  readonly name: string
  readonly pods: Pick<PodSource<{ readonly uid: string }>, 'find'>
  readonly events: PodEvents
  readonly log: Logger
}

export function ownPodEvents({ namespace, name, pods, events, log }: OwnPodEventsOptions): OwnPodEvents {
  let uid = ''
  /** Without its uid, `kubectl describe pod` does not find an event. It stays the same for the agent's life. */
  async function learnUid(): Promise<void> {
    try {
      uid ||= (await pods.find(namespace, name))?.uid ?? ''
    } catch (error) {
      log.debug({ why: messageOf(error) }, "could not look up the agent's own pod")
    }
  }
  return {
    warn: (reason, message) => {
      void learnUid().then(() => events.warn({ namespace, name, uid }, reason, message))
    },
  }
}
