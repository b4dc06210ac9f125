// Applications with and without a sidecar, and how to see where their connections go.
import { readFile } from 'node:fs/promises'
import type { Cluster } from './cluster.ts'
import { until } from './condition.ts'
import { nodeIdentity, workloadImage } from './layout.ts'
import { logFile, start } from './processes.ts'

/** Nothing of the mesh listens here: who gets through to it was not redirected. */
const outside = { address: nodeIdentity.address, port: '7000' }

const container = (name: string, uid: number, command: readonly string[], args: readonly string[] = []) => ({
  name,
  image: workloadImage,
  imagePullPolicy: 'Never',
  command: ['/workload', ...command],
  args,
  securityContext: { runAsUser: uid, runAsGroup: uid, allowPrivilegeEscalation: false },
})

const app = container('app', 1000, ['app', outside.address, outside.port])
const proxy = container('istio-proxy', 1337, ['serve', 'istio-proxy', '15001', '15006'], ['proxy', 'sidecar'])

/** Labels, annotations and containers of a pod, as a Deployment's template has them. */
export function podTemplate(label: string, sidecar: boolean): { metadata: object; spec: object } {
  return {
    metadata: {
      labels: { app: label },
      annotations: sidecar ? { 'sidecar.istio.io/status': '{}' } : {},
    },
    spec: { terminationGracePeriodSeconds: 1, containers: sidecar ? [app, proxy] : [app] },
  }
}

export function pod(name: string, sidecar: boolean): object {
  const { metadata, spec } = podTemplate(name, sidecar)
  return { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name, namespace: 'default' }, spec }
}

/** A pod whose proxy is an init container that stays: it listens before the application is there. */
export function podWithNativeSidecar(name: string): object {
  const { metadata, spec } = podTemplate(name, true)
  const startupProbe = { exec: { command: ['/workload', 'ask', '127.0.0.1', '15001'] }, periodSeconds: 1 }
  const initContainers = [{ ...proxy, restartPolicy: 'Always', startupProbe }]
  const native = { ...spec, containers: [app], initContainers }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, name, namespace: 'default' },
    spec: native,
  }
}

export function deployment(name: string, replicas: number): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: podTemplate(name, true),
    },
  }
}

export interface RunningPod {
  readonly name: string
  readonly address: string
}

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly deletionTimestamp?: string }
    readonly status: {
      readonly podIP?: string
      readonly containerStatuses?: readonly { readonly ready: boolean }[]
    }
  }[]
}

export class Workloads {
  readonly #cluster: Cluster

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /** Begins to listen for connections that were not redirected. */
  watchOutside(): Promise<void> {
    const { workload } = this.#cluster.programs
    return start('outside', [workload, 'serve', 'outside', outside.port], this.#cluster.environment)
  }

  /** @returns how many connections got through unredirected so far */
  async unredirected(): Promise<number> {
    return (await readFile(logFile('outside'), 'utf8')).split('\n').length - 1
  }

  /** @returns the pods with this label, once there are `count` of them and all are ready */
  running(label: string, count: number): Promise<RunningPod[]> {
    return until(
      `${count} pods of ${label} run`,
      async () => {
        const pods = await this.#list(label)
        const ready = pods.filter(
          ({ metadata, status }) =>
            metadata.deletionTimestamp === undefined &&
            status.podIP !== undefined &&
            (status.containerStatuses ?? []).length > 0 &&
            status.containerStatuses?.every(({ ready }) => ready),
        )
        if (ready.length !== count || pods.length !== count) return false
        return ready.map(({ metadata, status }) => ({ name: metadata.name, address: status.podIP ?? '' }))
      },
      120_000,
    )
  }

  gone(label: string): Promise<boolean> {
    return until(`no pod of ${label} is left`, async () => (await this.#list(label)).length === 0)
  }

  /** @returns who answers a connection to the application from outside of the pod */
  inbound({ address }: RunningPod): Promise<string> {
    return this.#cluster.exec(this.#cluster.programs.workload, 'ask', address, '8080')
  }

  /** @returns who answers the application's connection to the outside */
  outbound({ name }: RunningPod): Promise<string> {
    const ask = ['/workload', 'ask', outside.address, outside.port]
    return this.#cluster.kubectl('exec', name, '-c', 'app', '--', ...ask)
  }

  /** Network namespaces of sandboxes on the node. */
  async networkNamespaces(): Promise<number> {
    return (await this.#cluster.exec('ls', '/run/netns')).split('\n').length - 1
  }

  /** The kubelet's words about why a pod does not start; not those about an earlier one of the same name. */
  async events(name: string): Promise<string> {
    const uid = await this.#cluster.kubectl('get', 'pod', name, '-o', 'jsonpath={.metadata.uid}')
    return this.#cluster.kubectl('get', 'events', '--field-selector', `involvedObject.uid=${uid}`)
  }

  async #list(label: string): Promise<PodList['items']> {
    const json = await this.#cluster.kubectl(
      '-n',
      'default',
      'get',
      'pods',
      '-l',
      `app=${label}`,
      '-o',
      'json',
    )
    return (JSON.parse(json) as PodList).items
  }
}
