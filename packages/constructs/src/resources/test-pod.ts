import { LABEL } from '@istio-install-cni/config-schema'
import { k8s } from 'cdk8s-plus-28'
import { all, comment, releaseNamespace, releaseRevision, value, when } from '../expressions/index.ts'
import { image } from './container.ts'
import { scheduling } from './daemon-set.ts'
import { appLabels } from './labels.ts'
import { hostMounts } from './mounts.ts'
import { NAME } from './names.ts'
import type { TypedResource } from './resource.ts'
import { inNamespaceScope } from './scope.ts'
import { seLinuxOptions } from './security-context.ts'
import { pullSecrets } from './service-account.ts'

/** Seconds that an agent may still take to become ready. */
const patience = '60'

const seen = hostMounts.filter(({ name }) => ['cni-bin-dir', 'cni-net-dir', 'cni-socket-dir'].includes(name))

/**
 * For `helm test`: looks at a node as the plugin does. It is started through the plugin, too: unlike the agent it has
 * a network of its own, and a name that the plugin does not let pass without a look.
 */
export function testPod(): TypedResource<k8s.KubePodProps> {
  return {
    file: 'tests/check-node',
    ...k8s.KubePod.GVK,
    condition: all(inNamespaceScope, value('test.enabled'), releaseRevision),
    template: {
      metadata: {
        name: NAME.testPod,
        namespace: releaseNamespace,
        labels: { ...appLabels, [LABEL.inject]: 'false', [LABEL.dataplaneMode]: 'none' },
        annotations: { 'helm.sh/hook': 'test', 'helm.sh/hook-delete-policy': 'before-hook-creation' },
      },
      spec: {
        ...scheduling,
        restartPolicy: 'Never',
        serviceAccountName: NAME.serviceAccount,
        automountServiceAccountToken: false,
        imagePullSecrets: pullSecrets,
        containers: [
          {
            name: 'check-node',
            ...image,
            command: ['install-cni'],
            args: ['check-node', patience],
            envFrom: [{ configMapRef: { name: NAME.configMap } }],
            securityContext,
            volumeMounts: seen.map(({ name, mountPath }) => ({ name, mountPath, readOnly: true })),
          },
        ],
        volumes: seen.map(({ name, hostPath }) => ({ name, hostPath: { path: hostPath } })),
      },
    },
  }
}

/** The agent's user, whom alone besides root its socket admits; of its rights only what reading takes. */
const securityContext = {
  privileged: when(value('privileged'), true),
  runAsUser: value('runAsUser'),
  runAsGroup: value('runAsGroup'),
  readOnlyRootFilesystem: true,
  capabilities: {
    drop: ['ALL'],
    add: [comment("To read the node's files, whoever owns them.", 'DAC_OVERRIDE')],
  },
  seLinuxOptions,
}
