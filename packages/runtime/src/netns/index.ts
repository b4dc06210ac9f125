/** The kernel room: packet rules, routes and addresses inside pods' network namespaces. */
export { NetworkNamespaces } from './namespaces.ts'
