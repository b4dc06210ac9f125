import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { addressOf, type Bed } from './bed.ts'

export const meshPod = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    namespace: 'bench',
    uid: `uid-${name}`,
    annotations: { 'sidecar.istio.io/status': '{}' },
  },
  spec: {
    containers: [
      { name: 'app', image: 'app' },
      {
        name: 'istio-proxy',
        image: 'proxy',
        args: ['proxy', 'sidecar'],
        securityContext: { runAsUser: 1337, runAsGroup: 1337 },
      },
    ],
  },
})

const plainPod = (name: string, namespace = 'bench') => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, uid: `uid-${name}` },
  spec: { containers: [{ name: 'app', image: 'app' }] },
})

/** `mesh0`, `mesh1`, … and one pod `plain`, for the agent. */
export function writePods(bed: Bed, count: number): void {
  const items = [plainPod('plain'), ...Array.from({ length: count }, (_, number) => meshPod(`mesh${number}`))]
  writeFileSync(join(bed.podsDir, 'pods.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
}

/** `pod0`, `pod1`, … in the ambient namespace `ambient`, and as many with sidecars in `bench`. */
export function writeAmbientPods(bed: Bed, count: number): void {
  const namespace = (name: string, labels: object) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels },
  })
  const items = Array.from({ length: count }, (_, number) => number).flatMap((number) => [
    plainPod(`pod${number}`, 'ambient'),
    meshPod(`mesh${number}`),
  ])
  const namespaces = [namespace('ambient', { 'istio.io/dataplane-mode': 'ambient' }), namespace('bench', {})]
  writeFileSync(
    join(bed.podsDir, 'pods.json'),
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [...namespaces, ...items] }),
  )
}

/** The plugin's configuration as a runtime passes it, with the result of a plugin before it. */
export function netconf(
  bed: Bed,
  nativeNftables: boolean,
  { pod = 0, ambient = false }: { pod?: number; ambient?: boolean } = {},
): string {
  return JSON.stringify({
    cniVersion: '1.0.0',
    name: 'bench',
    type: 'istio-cni',
    plugin_log_level: 'info',
    cni_agent_run_dir: bed.runDir,
    ambient_enabled: ambient,
    exclude_namespaces: ['kube-system'],
    pod_namespace: 'istio-system',
    native_nftables: nativeNftables,
    prevResult: {
      cniVersion: '1.0.0',
      interfaces: [{ name: 'eth0', mac: '02:00:00:00:00:02', sandbox: '/var/run/netns/pod' }],
      ips: [{ address: `${addressOf(pod)}/16`, gateway: '10.77.255.254', interface: 0 }],
      routes: [{ dst: '0.0.0.0/0' }],
    },
  })
}

/** Environment of an ADD; in `name`, `%d` is the number of the run. */
export function addEnvironment(
  name: string,
  namespace = 'bench',
  command: 'ADD' | 'DEL' = 'ADD',
): Record<string, string> {
  const args = `IgnoreUnknown=1;K8S_POD_NAMESPACE=${namespace};K8S_POD_NAME=${name};K8S_POD_INFRA_CONTAINER_ID=c%d`
  return {
    PATH: process.env.PATH ?? '',
    CNI_COMMAND: command,
    CNI_CONTAINERID: 'c%d',
    CNI_NETNS: '/var/run/netns/bench%d',
    CNI_IFNAME: 'eth0',
    CNI_PATH: '/opt/cni/bin',
    CNI_ARGS: args,
  }
}

/**
 * A plugin that asks the API server itself gets one that knows the same pods, and the credentials where the
 * original looks for them.
 */
export async function serveApi(bed: Bed): Promise<() => void> {
  const server = createServer((request, response) => {
    const name = request.url?.split('/').at(-1)?.split('?')[0] ?? ''
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(name === 'plain' ? plainPod(name) : meshPod(name)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'bench', cluster: { server: `http://127.0.0.1:${port}` } }],
    users: [{ name: 'bench', user: { token: 'bench' } }],
    contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'bench' } }],
    'current-context': 'bench',
  }
  writeFileSync(join(bed.runDir, 'istio-cni-kubeconfig'), JSON.stringify(kubeconfig), { mode: 0o600 })
  return () => server.close()
}
