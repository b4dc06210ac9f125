// The programs of the cluster: Kubernetes' built from tools/go.mod, the rest from Debian, unpacked and never installed.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { copyFile, mkdir, readFile, rename, rm } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { command } from '../testbed/commands.ts'
import { clusterCache } from './layout.ts'
import { runLoudly } from './run-loudly.ts'

const toolsModule = join(import.meta.dirname, 'tools')
const workloadSource = join(import.meta.dirname, 'programs/workload.c')
const kubernetesPrograms = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kubectl',
]
const debianPrograms = {
  etcd: 'etcd-server',
  containerd: 'containerd',
  ctr: 'containerd',
  'containerd-shim-runc-v2': 'containerd',
  runc: 'runc',
  tini: 'tini',
}
const cniPackage = 'containernetworking-plugins'

const systemDirectories = [
  ...(process.env.PATH ?? '').split(delimiter),
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
]
const packagesDirectory = join(clusterCache, 'packages')
const unpackedDirectories = ['usr/sbin', 'usr/bin'].map((path) => join(packagesDirectory, path))

/** Programs by name, and directories that come first on the PATH of everything in the cluster. */
export interface ClusterPrograms {
  readonly directories: readonly string[]
  readonly cniPlugins: string
  readonly workload: string
}

function find(program: string, directories: readonly string[]): string | undefined {
  return directories.map((directory) => join(directory, program)).find((path) => existsSync(path))
}

async function builtDirectory(): Promise<string> {
  const files = await Promise.all(['go.mod', 'go.sum'].map((name) => readFile(join(toolsModule, name))))
  const hash = createHash('sha256').update(Buffer.concat(files)).digest('hex').slice(0, 16)
  return join(clusterCache, 'tools', hash)
}

/** Where somebody already put Kubernetes' programs: all of them in one directory, or none counts. */
function givenDirectory(): string | undefined {
  const given = [process.env.KUBEBUILDER_ASSETS, ...(process.env.PATH ?? '').split(delimiter)]
  return given.find(
    (directory) =>
      directory !== undefined && kubernetesPrograms.every((name) => existsSync(join(directory, name))),
  )
}

/** From 1.21 on, go fetches the newer version that go.mod asks for. */
function hasGo(): boolean {
  const { stdout } = spawnSync('go', ['version'], { encoding: 'utf8' })
  const minor = /go1\.(\d+)/.exec(stdout ?? '')?.[1]
  return minor !== undefined && Number(minor) >= 21
}

/** @returns why the cluster cannot be had here; undefined when it can */
export function missingForCluster(): string | undefined {
  if (process.getuid?.() !== 0) return 'it needs root, for namespaces, mounts and containers'
  const hasCompiler = find('cc', systemDirectories) !== undefined
  if (!hasCompiler) return 'it needs a C compiler'
  const hasBuilt =
    existsSync(join(clusterCache, 'tools')) && readdirSync(join(clusterCache, 'tools')).length > 0
  if (givenDirectory() === undefined && !hasBuilt && !hasGo())
    return 'it needs go (1.21 or newer) to build Kubernetes, or KUBEBUILDER_ASSETS with its programs'
  const lacks = Object.entries(debianPrograms).find(
    ([name]) => find(name, [...systemDirectories, ...unpackedDirectories]) === undefined,
  )
  if (lacks !== undefined && find('apt-get', systemDirectories) === undefined)
    return `it needs ${lacks[0]}, and there is no apt-get to bring ${lacks[1]}`
  return undefined
}

/** Builds, downloads and compiles what is not there yet: minutes the first time, nothing afterwards. */
export async function clusterPrograms(): Promise<ClusterPrograms> {
  const kubernetes = givenDirectory() ?? (await buildKubernetes())
  const cniPlugins = await unpackPackages()
  const own = join(clusterCache, 'bin')
  const workload = join(own, 'workload')
  await mkdir(own, { recursive: true })
  await command('cc', '-static', '-Os', '-s', '-o', `${workload}.new`, workloadSource)
  await rename(`${workload}.new`, workload)
  return { directories: [kubernetes, ...unpackedDirectories], cniPlugins, workload }
}

async function buildKubernetes(): Promise<string> {
  const directory = await builtDirectory()
  if (kubernetesPrograms.every((name) => existsSync(join(directory, name)))) return directory
  const unfinished = `${directory}.part`
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(unfinished, { recursive: true })
  const packages = kubernetesPrograms.map((name) => `k8s.io/kubernetes/cmd/${name}`)
  await runLoudly('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', `${unfinished}/`, ...packages], {
    cwd: toolsModule,
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' },
  })
  await rm(directory, { recursive: true, force: true })
  await rename(unfinished, directory)
  return directory
}

/** @returns the directory of the CNI plugins */
async function unpackPackages(): Promise<string> {
  const directories = [...systemDirectories, ...unpackedDirectories]
  const cniDirectories = ['/usr/lib/cni', '/opt/cni/bin', join(packagesDirectory, 'usr/lib/cni')]
  const cni = () => cniDirectories.find((directory) => existsSync(join(directory, 'bridge')))
  const missing = Object.entries(debianPrograms)
    .filter(([name]) => find(name, directories) === undefined)
    .map(([, name]) => name)
  const wanted = [...new Set([...missing, ...(cni() === undefined ? [cniPackage] : [])])]
  if (wanted.length > 0) {
    const downloads = join(packagesDirectory, 'downloads')
    await mkdir(downloads, { recursive: true })
    await runLoudly('apt-get', ['update'])
    await runLoudly('apt-get', ['download', ...wanted], { cwd: downloads })
    for (const file of readdirSync(downloads).filter((name) => name.endsWith('.deb')))
      await command('dpkg-deb', '-x', join(downloads, file), packagesDirectory)
    await rm(downloads, { recursive: true })
  }
  const found = cni()
  if (found === undefined) throw new Error(`no CNI plugins in ${cniDirectories.join(', ')}`)
  return found
}

/** Puts the plugins where the node looks for them. */
export async function copyCniPlugins(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true })
  for (const name of ['bridge', 'host-local', 'loopback', 'portmap'])
    await copyFile(join(from, name), join(to, name))
}
