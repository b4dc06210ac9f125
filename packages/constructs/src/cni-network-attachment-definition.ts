import type { Construct } from 'constructs'
import { CniPart, partProps } from './cni-part.ts'
import type { CommonProps } from './props.ts'
import {
  DEFAULT_ATTACHMENT_NAMESPACE,
  networkAttachmentDefinition,
} from './resources/network-attachment-definition.ts'

export interface CniNetworkAttachmentDefinitionProps extends Pick<CommonProps, 'releaseName'> {
  /**
   * Namespace of the pods that name it without one.
   *
   * @default 'default'
   */
  readonly namespace?: string | undefined
}

/**
 * The NetworkAttachmentDefinition `istio-cni`, by which Multus attaches the plugin to pods with the annotation
 * `k8s.v1.cni.cncf.io/networks: istio-cni`. It carries no configuration: Multus takes the one of this name that the
 * agent writes on every node. Multus looks in the pod's own namespace, so there has to be one in each namespace of the
 * mesh, or pods name it `default/istio-cni`. Within {@link IstioCni}, `provider: 'multus'` makes that in `default`.
 */
export class CniNetworkAttachmentDefinition extends CniPart {
  /**
   * @param props without any, within an {@link IstioCni}, its props decide whether there is one
   * @throws {PropsError} with everything that is wrong with the props
   */
  constructor(scope: Construct, id: string, props?: CniNetworkAttachmentDefinitionProps) {
    const own = partProps(scope, props)
    const { namespace = DEFAULT_ATTACHMENT_NAMESPACE } = own ?? {}
    const multus = own && { ...own, namespace, provider: 'multus' as const }
    super(scope, id, multus, { 'network-attachment-definition': networkAttachmentDefinition(namespace) })
  }
}
