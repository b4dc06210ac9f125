/** The kernel room: packet rules, routes and addresses inside pods' network namespaces. */
export type { Backends } from './backends.ts'
export type { Difference } from './difference.ts'
export { NetnsError, type NetnsErrorCode } from './errors.ts'
export {
  type JobOptions,
  type NetnsLog,
  NetworkNamespaces,
  type NetworkNamespacesOptions,
} from './namespaces.ts'
export type { ApplyOutcome } from './program-jobs.ts'
