import type { Construct } from 'constructs'
import { CniPart, partProps } from './cni-part.ts'
import type { CommonProps } from './props.ts'
import { resourceQuota } from './resources/resource-quota.ts'

export interface CniResourceQuotaProps extends CommonProps {
  /**
   * How many pods of that priority it admits.
   *
   * @default 5000
   */
  readonly pods?: number | undefined
  /**
   * The agents' priority class.
   *
   * @default 'system-node-critical'
   */
  readonly priorityClassName?: string | undefined
}

/**
 * A ResourceQuota without which GKE, and whoever limits priority classes likewise, admits no agent outside of
 * kube-system. Within {@link IstioCni}, use its prop `resourceQuotas`; {@link Platform.GKE} sets it.
 */
export class CniResourceQuota extends CniPart {
  /**
   * @param props without any, within an {@link IstioCni}, its props decide whether there is one
   * @throws {PropsError} with everything that is wrong with the props
   */
  constructor(scope: Construct, id: string, props?: CniResourceQuotaProps) {
    const own = partProps(scope, props)
    super(scope, id, own && enabled(own), { 'resource-quota': resourceQuota() })
  }
}

function enabled({ pods, ...others }: CniResourceQuotaProps) {
  return { ...others, resourceQuotas: { enabled: true, pods } }
}
