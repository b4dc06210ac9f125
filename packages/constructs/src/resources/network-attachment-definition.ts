import { all, comment, equals, value } from '../expressions/index.ts'
import { releaseLabels } from './labels.ts'
import { NAME } from './names.ts'
import type { Resource } from './resource.ts'
import { inNamespaceScope } from './scope.ts'

/**
 * By which Multus attaches the plugin to pods that ask for it (annotation `k8s.v1.cni.cncf.io/networks`). It has no
 * `spec.config`: Multus then takes the configuration of this name from the files of its own directory on the node,
 * where the agent has written it.
 * @param namespace where pods look for it by default, the original's
 */
export function networkAttachmentDefinition(namespace = 'default'): Resource {
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
