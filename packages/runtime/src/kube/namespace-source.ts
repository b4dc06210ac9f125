/** Where the agent learns the labels of namespaces, which enrol their pods into the ambient mesh. */
export interface NamespaceSource {
  /** Resolves once a first question can be answered; rejects with PodSourceError when it never will. */
  start(): Promise<void>
  /** Empty while labels can be told; else why they cannot. */
  unreadyReasons(): readonly string[]
  /**
   * The namespace's labels, or undefined when there is none of that name.
   * @throws PodSourceError when the question cannot be answered
   */
  labelsOf(name: string): Promise<NamespaceLabels | undefined>
  /**
   * @param listener told the name of a namespace whose labels have changed or that came or went, or undefined when
   * that may be so of all; what it throws is logged
   */
  onChange(listener: (name: string | undefined) => void): void
  close(): Promise<void>
}

export type NamespaceLabels = Readonly<Record<string, string>>
