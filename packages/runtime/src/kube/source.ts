/** Where the agent learns what a pod is. `P` is what the caller keeps of a manifest. */
export interface PodSource<P> {
  /** Resolves once a first `find` can be answered; rejects with PodSourceError when it never will. */
  start(): Promise<void>
  /** Empty while pods can be found; else why they cannot. */
  unreadyReasons(): readonly string[]
  /**
   * The pod, or undefined when there is none of that name. With `uid`, what is known of a pod of that name with
   * another uid is not taken for it.
   * @throws PodSourceError when the question cannot be answered, or the manifest cannot be understood.
   */
  find(namespace: string, name: string, uid?: string): Promise<P | undefined>
  close(): void | Promise<void>
}

/** Makes what the caller keeps out of an untrusted manifest; throws when it cannot be understood. */
export type Projection<P> = (manifest: unknown) => P

/** Pods cannot be looked up now: says what was asked, of whom, and why it failed. */
export class PodSourceError extends Error {
  override readonly name = 'PodSourceError'
  readonly code = 'POD_SOURCE'
}
