/** What an event says of its pod. */
export interface EventfulPod {
  readonly namespace: string
  readonly name: string
  /** Empty when it is not known. */
  readonly uid: string
}

/** Tells whoever looks at a pod what became of it. */
export interface PodEvents {
  /**
   * Never blocks, never throws.
   * @param reason one word in CamelCase, for machines
   * @param message a sentence, for people
   */
  warn(pod: EventfulPod, reason: string, message: string): void
}

/** For pods of which nobody keeps events. */
export const noPodEvents: PodEvents = { warn: () => {} }
