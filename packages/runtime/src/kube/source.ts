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
  /**
   * The pods of this node that are known now, each as it last was when it could be understood. Asks nobody; before
   * the first list (see `unreadyReasons`) there are none.
   */
  all(): Iterable<P>
  /** @param listener told after each change, as long as the source is open; what it throws is logged */
  onChange(listener: (change: PodChange<P>) => void): void
  close(): void | Promise<void>
}

/** `replaced`: any pod may have come, changed or gone; look at `all()`. */
export type PodChange<P> =
  | { readonly kind: 'put' | 'remove'; readonly pod: P }
  | { readonly kind: 'replaced' }

/** Makes what the caller keeps out of an untrusted manifest; throws when it cannot be understood. */
export type Projection<P> = (manifest: unknown) => P

/** Pods cannot be looked up now: says what was asked, of whom, and why it failed. */
export class PodSourceError extends Error {
  override readonly name = 'PodSourceError'
  readonly code = 'POD_SOURCE'
}
