import type { Construct } from 'constructs'
import { CniPart, partProps } from './cni-part.ts'
import type { CommonProps } from './props.ts'
import { networkPolicy } from './resources/network-policy.ts'

export interface CniNetworkPolicyProps extends CommonProps {
  /**
   * Port of the readiness probe.
   *
   * @default 8000
   */
  readonly healthPort?: number | undefined
  /**
   * Port of the metrics.
   *
   * @default 15014
   */
  readonly monitoringPort?: number | undefined
  /**
   * Revision of the control plane, which becomes part of its name.
   *
   * @default - none
   */
  readonly revision?: string | undefined
}

/**
 * A NetworkPolicy that admits probes and metrics. It has no effect on agents that share their nodes' network, which is
 * the default. Within {@link IstioCni}, use its prop `global.networkPolicy`.
 */
export class CniNetworkPolicy extends CniPart {
  /**
   * @param props without any, within an {@link IstioCni}, its props decide whether there is one
   * @throws {PropsError} with everything that is wrong with the props
   */
  constructor(scope: Construct, id: string, props?: CniNetworkPolicyProps) {
    const own = partProps(scope, props)
    const enabled = own && { ...own, global: { networkPolicy: { enabled: true } } }
    super(scope, id, enabled, { 'network-policy': networkPolicy() })
  }
}
