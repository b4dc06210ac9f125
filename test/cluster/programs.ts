// The programs of the cluster: Kubernetes' and helm (tools.ts), the rest Debian's, and our own workload.
import { copyFile, mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { command } from '../testbed/commands.ts'
import {
  find,
  hasApt,
  packagesDirectory,
  systemDirectories,
  unpack,
  unpackedDirectories,
} from './debian-packages.ts'
import { findGo, goPackages } from './go.ts'
import { clusterCache } from './layout.ts'
import { givenTools, toolDirectories, toolsModule } from './tools.ts'

const workloadSource = join(import.meta.dirname, 'programs/workload.c')
const debianPrograms = {
  etcd: 'etcd-server',
  containerd: 'containerd',
  ctr: 'containerd',
  'containerd-shim-runc-v2': 'containerd',
  runc: 'runc',
  tini: 'tini',
}
const cniPackage = 'containernetworking-plugins'

/** Programs by name, and directories that come first on the PATH of everything in the cluster. */
export interface ClusterPrograms {
  readonly directories: readonly string[]
  readonly cniPlugins: string
  readonly workload: string
}

/** @returns why the cluster cannot be had here; undefined when it can */
export async function missingForCluster(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'it needs root, for namespaces, mounts and containers'
  if (find('cc', systemDirectories) === undefined) return 'it needs a C compiler'
  const toBuild = await toolsModule.unbuilt(givenTools(process.env).missing)
  if (toBuild.length > 0 && findGo() === undefined && goPackages().length === 0)
    return `it needs go (1.21 or newer) to build ${toBuild.join(', ')}, or KUBEBUILDER_ASSETS with them`
  const lacks = Object.entries(debianPrograms).find(
    ([name]) => find(name, [...systemDirectories, ...unpackedDirectories]) === undefined,
  )
  if (lacks !== undefined && !hasApt())
    return `it needs ${lacks[0]}, and there is no apt-get to bring ${lacks[1]}`
  return undefined
}

/** Builds, downloads and compiles what is not there yet: minutes the first time, nothing afterwards. */
export async function clusterPrograms(): Promise<ClusterPrograms> {
  const tools = await toolDirectories()
  const cniPlugins = await bringDebianPrograms()
  const own = join(clusterCache, 'bin')
  const workload = join(own, 'workload')
  await mkdir(own, { recursive: true })
  // Another cluster may be starting at the same time.
  const unfinished = `${workload}.${process.pid}`
  await command('cc', '-static', '-Os', '-s', '-o', unfinished, workloadSource)
  await rename(unfinished, workload)
  return { directories: [...tools, ...unpackedDirectories], cniPlugins, workload }
}

/** @returns the directory of the CNI plugins */
async function bringDebianPrograms(): Promise<string> {
  const directories = [...systemDirectories, ...unpackedDirectories]
  const cniDirectories = ['/usr/lib/cni', '/opt/cni/bin', join(packagesDirectory, 'usr/lib/cni')]
  const cni = () => cniDirectories.find((directory) => find('bridge', [directory]) !== undefined)
  const missing = Object.entries(debianPrograms)
    .filter(([name]) => find(name, directories) === undefined)
    .map(([, name]) => name)
  await unpack([...new Set([...missing, ...(cni() === undefined ? [cniPackage] : [])])])
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
