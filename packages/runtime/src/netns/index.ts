/** The kernel room: packet rules, routes and addresses inside pods' network namespaces. */
export type { Difference } from './difference.ts'
export { findPodNamespaces } from './find-pods.ts'
export { kubeletUser } from './host-kubelet.ts'
export { HostNetwork, hostNetnsOf } from './host-network.ts'
export { reserveDescriptors } from './libc.ts'
export { NetworkNamespaces } from './namespaces.ts'
