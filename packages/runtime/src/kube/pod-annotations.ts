/** Of which pod; the uid keeps what is meant for one from its successor of the same name. */
export interface AnnotatedPod {
  readonly namespace: string
  readonly name: string
  /** Empty when it is not known. */
  readonly uid: string
}

/** What became of a pod's redirection into the ambient mesh; undefined: it has none (any more). */
export type AmbientStatus = 'enabled' | 'pending' | undefined

/** Tells everybody in the cluster that a pod is, or is about to be, in the ambient mesh: ztunnels elsewhere rely on it. */
export interface PodAnnotations {
  /**
   * Sees to it that the pod has this value of the annotation. Never rejects: resolves when the API server has it, has
   * no such pod, or could not be told at the first attempt; then further attempts follow, until they succeed or
   * another value is asked for.
   */
  annotate(pod: AnnotatedPod, value: AmbientStatus): Promise<void>
}

/** For pods that nobody keeps. */
export const noPodAnnotations: PodAnnotations = { annotate: async () => {} }
