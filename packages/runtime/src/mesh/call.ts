/** The pod of one call of the plugin. */
export interface PodCall {
  readonly namespace: string
  readonly name: string
  /** As the runtime knows the pod; the original's plugin does not tell it. */
  readonly uid?: string
  /** The sandbox that the call is about; the original's plugin does not tell it. */
  readonly containerId?: string
  /** Path of the network namespace as the container runtime gave it. */
  readonly netns: string
  /** prevResult's, without prefix length; empty when the plugin is the only one of its call. */
  readonly addresses: readonly string[]
}

/** What the plugin is told when a call succeeded; `because` is a clause for logs. */
export interface CallAnswer {
  readonly decision: 'none' | 'sidecar' | 'ambient'
  readonly because: string
}
