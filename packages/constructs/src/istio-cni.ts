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
  /** Of everything that is not cluster-wide. */
  readonly namespace: string
  readonly networkPolicy: CniNetworkPolicy
  readonly resourceQuota: CniResourceQuota
  readonly rbac: CniRbac
  readonly config: CniConfig
  readonly networkAttachmentDefinition: CniNetworkAttachmentDefinition
  readonly daemonSet: CniDaemonSet
  readonly podMonitor: CniPodMonitor
  readonly #test: CniNodeTest

  /**
   * @param scope within a cdk8s Chart
   * @throws {PropsError} with the path of the construct and everything that is wrong with the props
   */
  constructor(scope: Construct, id: string, props?: IstioCniProps) {
    super(scope, id)
    this.namespace = namespaceIn(provideFor(this, props), this)
    this.networkPolicy = new CniNetworkPolicy(this, 'network-policy')
    this.resourceQuota = new CniResourceQuota(this, 'resource-quota')
    this.rbac = new CniRbac(this, 'rbac')
    this.config = new CniConfig(this, 'config')
    this.networkAttachmentDefinition = new CniNetworkAttachmentDefinition(
      this,
      'network-attachment-definition',
    )
    this.daemonSet = new CniDaemonSet(this, 'daemon-set')
    this.podMonitor = new CniPodMonitor(this, 'pod-monitor')
    this.#test = new CniNodeTest(this, 'test')
  }

  /** The agent's account, for `addToRole` and the like of cdk8s-plus. */
  get serviceAccount(): kplus.IServiceAccount {
    return this.rbac.serviceAccount
  }

  /** All objects that there are with these props, in the order in which they should be applied. */
  get apiObjects(): readonly ApiObject[] {
    const parts = [
      this.networkPolicy,
      this.resourceQuota,
      this.rbac,
      this.config,
      this.networkAttachmentDefinition,
      this.daemonSet,
      this.podMonitor,
      this.#test,
    ]
    return parts.flatMap(({ apiObjects }) => apiObjects)
  }
}
