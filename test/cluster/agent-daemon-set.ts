// The agent's DaemonSet as the chart makes it, but for the image: its root is the node's programs, mounted read-only.
import { dirname } from 'node:path'
import { nodeFlags } from '@istio-install-cni/runtime'
import { agentAccount, agentNamespace } from './agent-account.ts'
import { workloadImage } from './layout.ts'

export const agentLabels = { 'k8s-app': 'istio-cni-node' }
export const daemonSetName = 'istio-cni-node'
/** Where the plugin writes its own log on the node. */
export const pluginLogFile = '/var/log/istio-cni.log'

interface HostMount {
  readonly hostPath: string
  readonly mountPath: string
  readonly readOnly?: true
  readonly type?: 'Directory' | 'DirectoryOrCreate'
}

/** Those of the original's chart in sidecar mode, and the runtime's results. */
const chartMounts: readonly HostMount[] = [
  { hostPath: '/opt/cni/bin', mountPath: '/host/opt/cni/bin' },
  { hostPath: '/etc/cni/net.d', mountPath: '/host/etc/cni/net.d' },
  { hostPath: '/proc', mountPath: '/host/proc', readOnly: true, type: 'Directory' },
  { hostPath: '/var/run/istio-cni', mountPath: '/var/run/istio-cni', type: 'DirectoryOrCreate' },
  { hostPath: '/var/lib/cni', mountPath: '/host/var/lib/cni', readOnly: true, type: 'DirectoryOrCreate' },
]

/** What an image would have. @param agent the node's directory of the built agent and plugin */
const imageMounts = (agent: string): readonly HostMount[] => [
  ...['/usr', '/lib', '/lib64', '/sbin', '/bin', '/etc/alternatives'].map((path) => mounted(path, path)),
  mounted(dirname(process.execPath), '/opt/node'),
  mounted(agent, '/opt/install-cni'),
  mounted(agent, '/opt/cni/bin'),
]

const mounted = (hostPath: string, mountPath: string): HostMount => ({ hostPath, mountPath, readOnly: true })

const fromField = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } })

/** @param agent the node's directory of the built agent and plugin */
export function agentDaemonSet(agent: string): object {
  const mounts = [...imageMounts(agent), ...chartMounts].map((mount, at) => ({
    name: `host-${at}`,
    ...mount,
  }))
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: daemonSetName, namespace: agentNamespace, labels: agentLabels },
    spec: {
      selector: { matchLabels: agentLabels },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
      template: {
        metadata: { labels: agentLabels, annotations: { 'sidecar.istio.io/inject': 'false' } },
        spec: {
          hostNetwork: true,
          dnsPolicy: 'ClusterFirstWithHostNet',
          nodeSelector: { 'kubernetes.io/os': 'linux' },
          tolerations: [{ operator: 'Exists' }],
          priorityClassName: 'system-node-critical',
          serviceAccountName: agentAccount,
          terminationGracePeriodSeconds: 30,
          containers: [
            {
              name: 'install-cni',
              image: workloadImage,
              imagePullPolicy: 'Never',
              command: ['/opt/node/node', ...nodeFlags, '/opt/install-cni/install-cni.mjs'],
              env: [
                { name: 'PATH', value: '/usr/sbin:/usr/bin' },
                { name: 'CNI_NET_DIR', value: '/etc/cni/net.d' },
                { name: 'CNI_BIN_DIR', value: '/opt/cni/bin' },
                { name: 'PLUGIN_LOG_FILE', value: pluginLogFile },
                fromField('NODE_NAME', 'spec.nodeName'),
                fromField('POD_NAME', 'metadata.name'),
                fromField('POD_NAMESPACE', 'metadata.namespace'),
              ],
              readinessProbe: { httpGet: { path: '/readyz', port: 8000 }, periodSeconds: 1 },
              securityContext: {
                privileged: false,
                runAsUser: 0,
                runAsGroup: 0,
                readOnlyRootFilesystem: true,
                capabilities: {
                  drop: ['ALL'],
                  add: ['NET_ADMIN', 'NET_RAW', 'SYS_PTRACE', 'SYS_ADMIN', 'DAC_OVERRIDE'],
                },
              },
              volumeMounts: mounts.map(({ hostPath: _, type: __, ...mount }) => mount),
            },
          ],
          volumes: mounts.map(({ name, hostPath, type }) => ({
            name,
            hostPath: { path: hostPath, ...(type !== undefined && { type }) },
          })),
        },
      },
    },
  }
}
