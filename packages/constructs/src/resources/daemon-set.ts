import { ANNOTATION, LABEL } from '@istio-install-cni/config-schema'
import { k8s } from 'cdk8s-plus-28'
import { overlay, releaseNamespace, spread, value, when } from '../expressions/index.ts'
import { settingsDigest } from './config-map.ts'
import { container, scrapeAnnotations } from './container.ts'
import { sharesHostNetwork } from './host-network.ts'
import { componentLabels, releaseLabels } from './labels.ts'
import { volumes } from './mounts.ts'
import { NAME, podSelector } from './names.ts'
import type { TypedResource } from './resource.ts'
import { inNamespaceScope } from './scope.ts'
import { pullSecrets } from './service-account.ts'

/** The agent on every node. */
export function daemonSet(): TypedResource<k8s.KubeDaemonSetProps> {
  return {
    file: 'daemonset',
    ...k8s.KubeDaemonSet.GVK,
    condition: inNamespaceScope,
    template: {
      metadata: {
        name: NAME.daemonSet,
        namespace: releaseNamespace,
        labels: overlay({ ...podSelector, ...componentLabels }, value('daemonSetLabels'), selected),
      },
      spec: {
        selector: { matchLabels: podSelector },
        updateStrategy: when(value('updateStrategy'), value('updateStrategy')),
        template: { metadata: podMetadata, spec: { ...scheduling, ...podSpec } },
      },
    },
  }
}

/** What the DaemonSet finds its pods by stays as it is. */
const selected = { fixed: Object.keys(podSelector) }

const podMetadata = {
  labels: overlay(
    { ...podSelector, [LABEL.inject]: 'false', [LABEL.dataplaneMode]: 'none', ...releaseLabels },
    value('podLabels'),
    selected,
  ),
  annotations: overlay(
    {
      [ANNOTATION.inject]: 'false',
      ...scrapeAnnotations,
      'checksum/config': settingsDigest,
      // AppArmor's default profile forbids what the capabilities allow. Kubernetes 1.30 has a field for it.
      [`container.apparmor.security.beta.kubernetes.io/${NAME.container}`]: when(
        value('useAppArmorAnnotation'),
        'unconfined',
      ),
    },
    value('podAnnotations'),
  ),
}

/** On which nodes. */
export const scheduling = {
  nodeSelector: overlay({ 'kubernetes.io/os': 'linux' }, value('nodeSelector'), {
    fixed: ['kubernetes.io/os'],
  }),
  affinity: when(value('affinity'), value('affinity')),
  tolerations: [spread(value('tolerations'))],
}

const podSpec = {
  hostNetwork: when(sharesHostNetwork, true),
  dnsPolicy: when(sharesHostNetwork, 'ClusterFirstWithHostNet'),
  priorityClassName: when(value('priorityClassName'), value('priorityClassName')),
  serviceAccountName: NAME.serviceAccount,
  imagePullSecrets: pullSecrets,
  terminationGracePeriodSeconds: value('terminationGracePeriodSeconds'),
  containers: [container],
  volumes,
}
