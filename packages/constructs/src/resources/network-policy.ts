import { k8s } from 'cdk8s-plus-28'
import { all, comment, releaseNamespace, text, value, when } from '../expressions/index.ts'
import { componentLabels } from './labels.ts'
import { NAME, podSelector } from './names.ts'
import type { TypedResource } from './resource.ts'
import { inNamespaceScope } from './scope.ts'

/** Who may reach the agent. It binds no pod that shares the node's network. */
export function networkPolicy(): TypedResource<k8s.KubeNetworkPolicyProps> {
  return {
    file: 'networkpolicy',
    ...k8s.KubeNetworkPolicy.GVK,
    condition: all(inNamespaceScope, value('global.networkPolicy.enabled')),
    template: {
      metadata: {
        name: when(value('revision'), text`${NAME.networkPolicy}-${value('revision')}`, NAME.networkPolicy),
        namespace: releaseNamespace,
        labels: { ...podSelector, ...componentLabels },
      },
      spec: {
        podSelector: comment("Without effect on pods in their node's network (hostNetwork).", {
          matchLabels: podSelector,
        }),
        policyTypes: ['Ingress', 'Egress'],
        ingress: [
          comment('Metrics', { ports: [{ protocol: 'TCP', port: value('monitoringPort') }] }),
          comment('Readiness probe', { ports: [{ protocol: 'TCP', port: value('healthPort') }] }),
        ],
        egress: [comment('DNS and the API server, whose address only the cluster knows', {})],
      },
    },
  }
}
