import { k8s } from 'cdk8s-plus-28'
import { all, asText, releaseNamespace, value } from '../expressions/index.ts'
import { releaseLabels } from './labels.ts'
import { NAME } from './names.ts'
import type { TypedResource } from './resource.ts'
import { inNamespaceScope } from './scope.ts'

/** Some clusters admit pods of a node-critical priority only into namespaces that have a quota for them. */
export function resourceQuota(): TypedResource<k8s.KubeResourceQuotaProps> {
  return {
    file: 'resourcequota',
    ...k8s.KubeResourceQuota.GVK,
    condition: all(inNamespaceScope, value('resourceQuotas.enabled')),
    template: {
      metadata: { name: NAME.resourceQuota, namespace: releaseNamespace, labels: releaseLabels },
      spec: {
        hard: { pods: asText(value('resourceQuotas.pods')) },
        scopeSelector: {
          matchExpressions: [
            { operator: 'In', scopeName: 'PriorityClass', values: [value('priorityClassName')] },
          ],
        },
      },
    },
  }
}
