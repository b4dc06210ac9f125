/**
 * Pods with an AWS branch interface (security groups for pods). The AWS plugin sends all that enters by the pod's
 * veth (`iif <veth> lookup <table>`), and all that goes to the pod, through the VPC, which does not carry the
 * link-local address that probes come from. Two routing rules keep probes and their answers on the node. Pure.
 */

/** One line of `ip rule`. */
export type RoutingRule = Readonly<{
  family: 4 | 6
  priority: number
  table: number
  /** `to ADDRESS`, one address without prefix length */
  to?: string
  /** `iif NAME` */
  from?: string
}>

/** A route to one address. */
export type HostRoute = Readonly<{ family: 4 | 6; table: number; to: string; device: string }>

/** The priority at which the AWS plugin has its rules to pods without branch interfaces. */
const toPodPriority = 512
const tables = { unspecified: 0, main: 254, local: 255 } as const
const common: ReadonlySet<number> = new Set(Object.values(tables))

/** What all of these addresses need, given what the AWS plugin has set up; nothing for those of ordinary pods. */
export function branchRules(
  addresses: readonly string[],
  rules: readonly RoutingRule[],
  routes: readonly HostRoute[],
): readonly RoutingRule[] {
  const byVeth = rules.filter(({ from, table }) => from !== undefined && !common.has(table))
  const wanted = new Set(addresses)
  return routes
    .filter(({ to }) => wanted.has(to))
    .flatMap(({ family, table, to, device }) => {
      const rule = byVeth.find((one) => one.family === family && one.table === table && one.from === device)
      if (!rule) return []
      return [
        { family, priority: toPodPriority, table, to },
        { family, priority: Math.max(0, rule.priority - 1), table: tables.local, from: device },
      ]
    })
}

export const isSameRule = (left: RoutingRule, right: RoutingRule): boolean =>
  left.family === right.family &&
  left.priority === right.priority &&
  left.table === right.table &&
  left.to === right.to &&
  left.from === right.from

/** As `ip rule` lists it. */
export const ruleInWords = ({ priority, table, to, from }: RoutingRule): string =>
  `${priority}: ${to === undefined ? 'from all' : `from all to ${to}`}${from === undefined ? '' : ` iif ${from}`} lookup ${table}`
