// The agent as the constructs install it, but for the image: its root is the node's programs, mounted read-only.
import { dirname } from 'node:path'
import { IstioCni, type IstioCniProps } from '@istio-install-cni/constructs'
import { nodeFlags } from '@istio-install-cni/runtime'
import { ApiObject, App, Chart, JsonPatch } from 'cdk8s'
import { agentNamespace, namespaceObject } from './agent-account.ts'
import { workloadImage } from './layout.ts'

export const agentLabels = { 'k8s-app': 'istio-cni-node' }
export const daemonSetName = 'istio-cni-node'
/** Where the plugin writes its own log on the node. */
export const pluginLogFile = '/var/log/istio-cni.log'

const props: IstioCniProps = {
  image: workloadImage,
  pullPolicy: 'Never',
  pluginLogFile,
  env: { PATH: '/usr/sbin:/usr/bin' },
}

/** What an image would have. @param agent the node's directory of the built agent and plugin */
const imageMounts = (agent: string): readonly { hostPath: string; mountPath: string }[] => [
  ...['/usr', '/lib', '/lib64', '/sbin', '/bin', '/etc/alternatives'].map((path) => mounted(path, path)),
  mounted(dirname(process.execPath), '/opt/node'),
  mounted(agent, '/opt/install-cni'),
  mounted(agent, '/opt/cni/bin'),
]

const mounted = (hostPath: string, mountPath: string) => ({ hostPath, mountPath })

/**
 * Everything that is to be applied, in order.
 * @param agent the node's directory of the built agent and plugin
 * @param mode what is not by default
 */
export function agentObjects(agent: string, mode: IstioCniProps = {}): readonly object[] {
  const chart = new Chart(new App(), 'agent', { namespace: agentNamespace })
  const { daemonSet } = new IstioCni(chart, 'istio-cni', { ...props, ...mode })
  const pod = '/spec/template/spec'
  const container = `${pod}/containers/0`
  const program = ['/opt/node/node', ...nodeFlags, '/opt/install-cni/install-cni.mjs']
  ApiObject.of(daemonSet).addJsonPatch(
    JsonPatch.replace(`${container}/command`, program),
    JsonPatch.add(`${container}/readinessProbe/periodSeconds`, 1),
    ...imageMounts(agent).flatMap(({ hostPath, mountPath }, at) => [
      JsonPatch.add(`${pod}/volumes/-`, { name: `image-${at}`, hostPath: { path: hostPath } }),
      JsonPatch.add(`${container}/volumeMounts/-`, { name: `image-${at}`, mountPath, readOnly: true }),
    ]),
  )
  return [namespaceObject, ...chart.toJson()]
}
