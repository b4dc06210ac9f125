// Pods without a sidecar in namespaces of their own, and what the API server and the kubelet tell of them.
import type { ZtunnelPod } from '../ztunnel/stand-in.ts'
import type { Cluster } from './cluster.ts'
import { until } from './condition.ts'
import { podTemplate } from './workloads.ts'

/** Where nobody but the kubelet asks. */
const probedPort = 8081

export const dataplaneMode = 'istio.io/dataplane-mode'

export interface MeshPod {
  readonly name: string
  readonly namespace: string
  /** Its label `app`. */
  readonly label: string
  readonly uid: string
  readonly address: string
  /** The annotation that says whether it is in the mesh. */
  readonly mark: string | undefined
}

interface PodObject {
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly uid: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec: { readonly serviceAccountName: string }
  readonly status: {
    readonly podIP?: string
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
  }
}

/** Ready when the kubelet's request over HTTP is answered. */
function template(label: string, labels: object) {
  const { metadata, spec } = podTemplate(label, false) as { metadata: object; spec: { containers: object[] } }
  const readinessProbe = { httpGet: { path: '/', port: probedPort }, periodSeconds: 1 }
  return {
    metadata: { ...metadata, labels: { app: label, ...labels } },
    spec: { ...spec, containers: spec.containers.map((each) => ({ ...each, readinessProbe })) },
  }
}

export class MeshPods {
  readonly #cluster: Cluster

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  async createNamespace(name: string, isInMesh: boolean): Promise<void> {
    const labels = isInMesh ? { [dataplaneMode]: 'ambient' } : {}
    await this.#cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } })
    await until(`${name} has an account`, () =>
      this.#cluster.kubectl('-n', name, 'get', 'serviceaccount', 'default'),
    )
  }

  create(namespace: string, name: string, labels: object = {}): Promise<void> {
    const { metadata, spec } = template(name, labels)
    return this.#cluster.apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...metadata, name, namespace },
      spec,
    })
  }

  createMany(namespace: string, name: string, replicas: number): Promise<void> {
    const selector = { matchLabels: { app: name } }
    return this.#cluster.apply({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace },
      spec: { replicas, selector, template: template(name, {}) },
    })
  }

  /** @returns the pods with this label, once there are `count` of them and all are ready */
  ready(namespace: string, label: string, count = 1): Promise<readonly MeshPod[]> {
    return until(
      `${count} pods of ${namespace}/${label} are ready`,
      async () => {
        const pods = await this.#list(namespace, label)
        return pods.length === count && pods.every(isReady) && pods.map(meshPod)
      },
      150_000,
    )
  }

  async readyPod(namespace: string, name: string): Promise<MeshPod> {
    const [found] = await this.ready(namespace, name)
    if (found === undefined) throw new Error(`no pod ${namespace}/${name}`)
    return found
  }

  /** As they are now, ready or not. */
  async now(...pods: readonly MeshPod[]): Promise<readonly MeshPod[]> {
    const found = await Promise.all(pods.map(({ namespace, label }) => this.#list(namespace, label)))
    const uids = new Set(pods.map(({ uid }) => uid))
    return found
      .flat()
      .map(meshPod)
      .filter(({ uid }) => uids.delete(uid))
  }

  /** Every pod, as ztunnel needs to know it. */
  async accounts(): Promise<readonly ZtunnelPod[]> {
    const json = await this.#cluster.kubectl('get', 'pods', '-A', '-o', 'json')
    const { items } = JSON.parse(json) as { items: readonly PodObject[] }
    return items.flatMap(({ metadata: { uid, name, namespace }, spec, status: { podIP } }) =>
      podIP === undefined
        ? []
        : [{ uid, name, namespace, serviceAccount: spec.serviceAccountName, addresses: [podIP] }],
    )
  }

  /** @returns who answers the pod's application's connection */
  ask({ namespace, name }: MeshPod, address: string, port = '8080'): Promise<string> {
    const command = ['/workload', 'ask', address, port]
    return this.#cluster.kubectl('-n', namespace, 'exec', name, '-c', 'app', '--', ...command)
  }

  /** From where the application was probed, in order; a log may come a little after what it tells. */
  probers({ namespace, name }: MeshPod): Promise<readonly string[]> {
    return until(`${name} has been probed`, async () => {
      const log = await this.#cluster.kubectl('-n', namespace, 'logs', name, '-c', 'app')
      const probes = [...log.matchAll(new RegExp(`^app:${probedPort} from ([\\d.]+)$`, 'gm'))]
      return probes.length > 0 && probes.map(([, address = '']) => address)
    })
  }

  /** Why the kubelet could not start it. */
  async refusals(namespace: string, name: string): Promise<string> {
    const selector = `involvedObject.name=${name},reason=FailedCreatePodSandBox`
    return this.#cluster.kubectl('-n', namespace, 'get', 'events', '--field-selector', selector, '-o', 'wide')
  }

  async delete(namespace: string, ...names: string[]): Promise<void> {
    await this.#cluster.kubectl('-n', namespace, 'delete', 'pod', ...names, '--wait=true', '--timeout=60s')
  }

  async #list(namespace: string, label: string): Promise<readonly PodObject[]> {
    const json = await this.#cluster.kubectl(
      '-n',
      namespace,
      'get',
      'pods',
      '-l',
      `app=${label}`,
      '-o',
      'json',
    )
    return (JSON.parse(json) as { items: readonly PodObject[] }).items
  }
}

const isReady = ({ status }: PodObject): boolean =>
  (status.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True')

const meshPod = ({ metadata, status }: PodObject): MeshPod => ({
  name: metadata.name,
  namespace: metadata.namespace,
  label: metadata.labels?.app ?? '',
  uid: metadata.uid,
  address: status.podIP ?? '',
  mark: metadata.annotations?.['ambient.istio.io/redirection'],
})
