/** The ambient room: the node's pods that are in the mesh without a sidecar. */
export { AmbientPods, type AmbientPodsOptions } from './ambient-pods.ts'
export { boundHost } from './bound-host.ts'
