// A real single-node Kubernetes: its control plane, containerd and a kubelet, all in namespaces of their own.
import { spawnSync } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { command } from '../testbed/commands.ts'
import { makeCertificates } from './certificates.ts'
import { cgroupRoot, createCgroups, removeCgroups } from './cgroups.ts'
import { controlPlane, nodeFiles, runtime } from './components.ts'
import { until } from './condition.ts'
import { endCluster } from './end-cluster.ts'
import { guardCluster } from './guard.ts'
import { imageArchive } from './image.ts'
import { adminKubeconfig, inState, nodeIdentity, nodePaths, workloadImage } from './layout.ts'
import { createNode, destroyNode, nodeFile, onNode } from './node-namespace.ts'
import { running, start } from './processes.ts'
import { type ClusterPrograms, clusterPrograms, copyCniPlugins } from './programs.ts'

export type Component = keyof typeof controlPlane | keyof typeof runtime
const components = { ...controlPlane, ...runtime }

export class Cluster {
  readonly programs: ClusterPrograms

  private constructor(programs: ClusterPrograms) {
    this.programs = programs
  }

  /** Makes sure that the programs are there; starts nothing. */
  static async prepare(): Promise<Cluster> {
    return new Cluster(await clusterPrograms())
  }

  get environment(): NodeJS.ProcessEnv {
    const path = [
      ...this.programs.directories,
      process.env.PATH ?? '',
      '/usr/sbin',
      '/usr/bin',
      '/sbin',
      '/bin',
    ]
    return { PATH: path.join(':'), HOME: inState('home'), KUBECONFIG: adminKubeconfig }
  }

  /**
   * Starts whatever does not run and waits until the node is Ready; what an earlier start left is used or replaced.
   * @param outlivesCaller the cluster stays when this process ends, however that comes about
   */
  async up({ outlivesCaller = false } = {}): Promise<void> {
    await this.#createNode(outlivesCaller)
    await createCgroups()
    await this.#writeNodeFiles()
    for (const name of Object.keys(controlPlane) as Component[]) {
      await this.start(name)
      if (name === 'kube-apiserver') await this.apiServerReady()
    }
    await this.start('containerd')
    await this.#importImage()
    await until('the default service account exists', () =>
      this.kubectl('-n', 'default', 'get', 'serviceaccount', 'default'),
    )
    await this.start('kubelet')
    await this.nodeReady()
  }

  /** Nothing but an API server: it keeps what it is given, and nothing comes of it. */
  async apiServerUp(): Promise<void> {
    await this.#createNode(false)
    for (const name of ['etcd', 'kube-apiserver'] as const) await this.start(name)
    await this.apiServerReady()
  }

  /** {@link endCluster} */
  down(): Promise<void> {
    return endCluster()
  }

  /** What a power failure leaves: every process, mount, interface, namespace and run directory is gone; the disk stays. */
  async reboot(): Promise<void> {
    await destroyNode()
    // Of every cgroup that is left the kubelet would ask for seconds what its container was.
    await removeCgroups()
    await this.up()
  }

  start(name: Component): Promise<void> {
    return start(name, components[name], this.environment)
  }

  status(): Readonly<Record<string, string | undefined>> {
    return Object.fromEntries(Object.keys(components).map((name) => [name, running(name)]))
  }

  apiServerReady(): Promise<string> {
    return until('the API server is ready', () => this.kubectl('get', '--raw', '/readyz'))
  }

  containerdReady(): Promise<string> {
    return until('containerd answers', () => this.exec('ctr', 'version'))
  }

  nodeReady(): Promise<true> {
    const path = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}'
    return until(
      'the node is Ready',
      async () => (await this.kubectl('get', 'node', nodeIdentity.name, '-o', path)) === 'True',
    )
  }

  /** @returns its stdout */
  async kubectl(...args: string[]): Promise<string> {
    return this.exec('kubectl', ...args)
  }

  /** Creates or changes objects. */
  async apply(...objects: object[]): Promise<void> {
    const file = inState(`apply-${process.pid}-${performance.now()}.json`)
    await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }))
    try {
      await this.kubectl('apply', '-f', file)
    } finally {
      await rm(file)
    }
  }

  /** Runs a program on the node. @returns its stdout */
  exec(...argv: string[]): Promise<string> {
    const [file, args] = onNode('env', ...this.#variables(), ...argv)
    return command(file, ...args)
  }

  /** Runs a program on the node with this terminal, in the caller's directory. @returns its exit code */
  interactive(...argv: string[]): number {
    const directory = `--chdir=${process.env.INIT_CWD ?? process.cwd()}`
    const [file, args] = onNode('env', directory, ...this.#variables(), ...argv)
    return spawnSync(file, args, { stdio: 'inherit' }).status ?? 1
  }

  async #createNode(outlivesCaller: boolean): Promise<void> {
    await mkdir(inState('home'), { recursive: true })
    if (!outlivesCaller) await guardCluster()
    await makeCertificates()
    await createNode(this.environment)
  }

  #variables(): string[] {
    return Object.entries(this.environment).map(([name, value]) => `${name}=${value}`)
  }

  async #writeNodeFiles(): Promise<void> {
    await copyCniPlugins(this.programs.cniPlugins, nodeFile(nodePaths.binDir))
    for (const [path, text] of Object.entries(nodeFiles(workloadImage, cgroupRoot))) {
      await mkdir(dirname(nodeFile(path)), { recursive: true })
      // A file that is there stays: after a reboot the node has what the agent made of its network configuration.
      await writeFile(nodeFile(path), text, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error
      })
    }
  }

  async #importImage(): Promise<void> {
    await this.containerdReady()
    const ctr = ['ctr', '--namespace', 'k8s.io', 'images']
    if ((await this.exec(...ctr, 'ls', '-q')).includes(workloadImage)) return
    const archive = inState('image.tar')
    const body = await readFile(this.programs.workload)
    const files = [{ name: 'workload', body, mode: 0o755 }]
    await writeFile(archive, imageArchive(workloadImage, files, { Entrypoint: ['/workload'] }))
    await this.exec(...ctr, 'import', archive)
    await rm(archive)
  }
}
