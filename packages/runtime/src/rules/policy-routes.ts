import { AMBIENT_ROUTE_PRIORITY, MARK, ROUTE_TABLE } from '@istio-install-cni/config-schema'
import type { Family } from './model.ts'
import type { PolicyRoute } from './program.ts'

/** TPROXY mode: packets that a rule has marked are delivered to the proxy in the pod. */
export const tproxyRoute = (family: Family): PolicyRoute => ({
  family,
  mark: MARK.proxy,
  table: ROUTE_TABLE.tproxy,
})

/** Ambient mode: answers to ztunnel, which has spoken with its client's address, stay in the pod. */
export const ambientRoute = (family: Family): PolicyRoute => ({
  family,
  mark: MARK.ambientConnection,
  mask: MARK.ambientMask,
  priority: AMBIENT_ROUTE_PRIORITY,
  table: ROUTE_TABLE.ambientInbound,
})
