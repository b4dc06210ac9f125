/** ZDS: the workloads of the node, told to every ztunnel that connects. */
export { ZtunnelError } from './errors.ts'
export type { ZtunnelObserver } from './observer.ts'
export { ZtunnelServer } from './server.ts'
export type { ZdsWorkload } from './workload.ts'
