import type { ApiObject } from 'cdk8s'
import type * as kplus from 'cdk8s-plus-28'
import { Construct } from 'constructs'
import { CniConfig } from './cni-config.ts'
import { CniDaemonSet } from './cni-daemon-set.ts'
import { CniNetworkAttachmentDefinition } from './cni-network-attachment-definition.ts'
import { CniNetworkPolicy } from './cni-network-policy.ts'
import { CniNodeTest } from './cni-node-test.ts'
import { namespaceIn, provideFor } from './cni-part.ts'
import { CniPodMonitor } from './cni-pod-monitor.ts'
import { CniRbac } from './cni-rbac.ts'
import { CniResourceQuota } from './cni-resource-quota.ts'
import type { IstioCniProps } from './props.ts'

/**
 * The Istio CNI agent on every node, and everything that it needs in the cluster: what the Helm chart installs.
 *
 * @example
 *   new IstioCni(chart, 'istio-cni', { ambient: { enabled: true }, platform: Platform.GKE })
 */
export class IstioCni extends Construct {
  readonly namespace: string
  readonly rbac: CniRbac
  readonly config: CniConfig
  readonly daemonSet: CniDaemonSet
  readonly #parts: readonly { readonly apiObjects: readonly ApiObject[] }[]

  /**
   * @param scope within a cdk8s Chart
   * @throws {PropsError} with the path of the construct and everything that is wrong with the props
   */
  constructor(scope: Construct, id: string, props?: IstioCniProps) {
    super(scope, id)
    this.namespace = namespaceIn(provideFor(this, props), this)
    const networkPolicy = new CniNetworkPolicy(this, 'network-policy')
    const resourceQuota = new CniResourceQuota(this, 'resource-quota')
    this.rbac = new CniRbac(this, 'rbac')
    this.config = new CniConfig(this, 'config')
    const attachment = new CniNetworkAttachmentDefinition(this, 'network-attachment-definition')
    this.daemonSet = new CniDaemonSet(this, 'daemon-set')
    const podMonitor = new CniPodMonitor(this, 'pod-monitor')
    const test = new CniNodeTest(this, 'test')
    this.#parts = [
      networkPolicy,
      resourceQuota,
      this.rbac,
      this.config,
      attachment,
      this.daemonSet,
      podMonitor,
      test,
    ]
  }

  /** The agent's account, for `addToRole` and the like of cdk8s-plus. */
  get serviceAccount(): kplus.IServiceAccount {
    return this.rbac.serviceAccount
  }

  /** All objects that there are with these props, in the order in which they should be applied. */
  get apiObjects(): readonly ApiObject[] {
    return this.#parts.flatMap(({ apiObjects }) => apiObjects)
  }
}
