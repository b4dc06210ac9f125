import { all, comment, equals, value } from '../expressions/index.ts'
import { releaseLabels } from './labels.ts'
import { NAME } from './names.ts'
import type { Resource } from './resource.ts'
import { inNamespaceScope } from './scope.ts'

/** Where pods look for it that name it without a namespace, beside their own: the original's place. */
export const DEFAULT_ATTACHMENT_NAMESPACE = 'default'

/**
 * By which Multus attaches the plugin to pods that ask for it (annotation `k8s.v1.cni.cncf.io/networks`). It has no
 * `spec.config`: Multus then takes the configuration of this name from the files of its own directory on the node,
 * where the agent has written it.
 */
export function networkAttachmentDefinition(namespace = DEFAULT_ATTACHMENT_NAMESPACE): Resource {
  return {
    file: 'network-attachment-definition',
    apiVersion: 'k8s.cni.cncf.io/v1',
    kind: 'NetworkAttachmentDefinition',
    condition: all(inNamespaceScope, equals(value('provider'), 'multus')),
    template: {
      metadata: {
        name: comment(
          'Without a spec, Multus takes the configuration of this name from its directory on the node, where the agent writes it.',
          NAME.networkAttachment,
        ),
        namespace,
        labels: { 'operator.istio.io/component': 'Cni', ...releaseLabels },
      },
    },
  }
}
