// A real API server with the programs that install charts: it keeps the objects, and nothing comes of them.
import { Cluster } from '../cluster/cluster.ts'
import { until } from '../cluster/condition.ts'
import { onNode } from '../cluster/node-namespace.ts'
import { customResources } from './custom-resources.ts'
import { type ChartPrograms, chartPrograms } from './programs.ts'
import type { KubernetesObject } from './rendered.ts'
import { type End, output, run } from './run.ts'

/** Everything that a chart may leave behind. */
const kinds = [
  ...['serviceaccounts', 'configmaps', 'secrets', 'pods', 'resourcequotas', 'daemonsets.apps'],
  ...['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'].map(
    (name) => `${name}.rbac.authorization.k8s.io`,
  ),
  ...['networkpolicies.networking.k8s.io', 'network-attachment-definitions.k8s.cni.cncf.io'],
  'podmonitors.monitoring.coreos.com',
].join(',')

export class ApiServer {
  readonly programs: ChartPrograms
  readonly cluster: Cluster

  private constructor(programs: ChartPrograms, cluster: Cluster) {
    this.programs = programs
    this.cluster = cluster
  }

  /** With the namespace `istio-system`, and the custom resources that the chart may make. */
  static async start(): Promise<ApiServer> {
    const programs = await chartPrograms()
    const cluster = await Cluster.prepare()
    await cluster.down()
    await cluster.apiServerUp()
    const server = new ApiServer(programs, cluster)
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'istio-system' } }
    await cluster.apply(namespace, ...customResources)
    await until('the custom resources are served', () => server.everything())
    return server
  }

  stop(): Promise<void> {
    return this.cluster.down()
  }

  /** @returns how the program ended */
  run(program: keyof ChartPrograms, ...args: string[]): Promise<End> {
    return run(...onNode(this.programs[program], ...args), this.cluster.environment)
  }

  /** @returns its stdout. @throws with its words when it fails */
  output(program: keyof ChartPrograms, ...args: string[]): Promise<string> {
    return output(program, ...onNode(this.programs[program], ...args), this.cluster.environment)
  }

  /** @returns its stdout. @throws with its words when it fails */
  kubectl(...args: string[]): Promise<string> {
    return output('kubectl', ...onNode('kubectl', ...args), this.cluster.environment)
  }

  /** @returns the object as the API server has it */
  async get(kind: string, name: string): Promise<KubernetesObject> {
    const json = await this.kubectl('-n', 'istio-system', 'get', kind, name, '-o', 'json')
    return JSON.parse(json) as KubernetesObject
  }

  /** @returns kinds and names of everything there is, sorted */
  async everything(): Promise<readonly string[]> {
    const columns = 'custom-columns=K:.kind,N:.metadata.namespace,M:.metadata.name'
    const list = await this.kubectl('get', kinds, '-A', '--no-headers', '-o', columns)
    return list
      .trim()
      .split('\n')
      .map((line) => line.trim().replaceAll(/\s+/g, '/'))
      .sort()
  }
}
