import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type AgentProcess, startAgent } from '../../test/testbed/agent-process.ts'
import type { ConfList } from '../../test/testbed/chain.ts'
import { command } from '../../test/testbed/commands.ts'
import { distDirectory } from '../tools.ts'
import { excludedNamespace } from './manifest.ts'
import { world, world6 } from './world.ts'

/** Directories of a scratch node. */
export interface NodeDirectories {
  readonly net: string
  readonly bin: string
  readonly run: string
  readonly pods: string
}

export async function createNode(scratch: string): Promise<NodeDirectories> {
  const directories = {
    net: join(scratch, 'etc/cni/net.d'),
    bin: join(scratch, 'opt/cni/bin'),
    run: join(scratch, 'run/istio-cni'),
    pods: join(scratch, 'pods'),
  }
  for (const directory of Object.values(directories)) await mkdir(directory, { recursive: true })
  return directories
}

/**
 * The node's side of the network: its own loopback, the world's addresses on it, a place for namespaces.
 * @returns whether the kernel has IPv6
 */
export async function createNodeNetwork(): Promise<boolean> {
  // Names of namespaces, the tools' lock files, address leases of host-local: all the node's own, and gone with it.
  for (const directory of ['/run', '/var/lib']) await command('mount', '-t', 'tmpfs', 'node', directory)
  await mkdir('/run/netns')
  await command('ip', 'link', 'set', 'lo', 'up')
  for (const address of Object.values(world)) await command('ip', 'addr', 'add', `${address}/32`, 'dev', 'lo')
  await writeFile('/proc/sys/net/ipv4/ip_forward', '1')
  try {
    for (const address of Object.values(world6))
      await command('ip', 'addr', 'add', `${address}/128`, 'dev', 'lo')
    await writeFile('/proc/sys/net/ipv6/conf/all/forwarding', '1')
    return true
  } catch {
    return false
  }
}

export function startAgentOn(
  node: NodeDirectories,
  nativeNftables: boolean,
  settings: Readonly<Record<string, string>> = {},
): AgentProcess {
  return startAgent({
    MOUNTED_CNI_NET_DIR: node.net,
    MOUNTED_CNI_BIN_DIRS: node.bin,
    CNI_NET_DIR: node.net,
    CNI_BIN_DIR: node.bin,
    CNI_BIN_SOURCE_DIR: distDirectory,
    CNI_AGENT_RUN_DIR: node.run,
    PODS_FROM: node.pods,
    REQUIRE_HOST_MOUNTS: 'false',
    UNINSTALL_ON_STOP: 'true',
    NATIVE_NFTABLES: String(nativeNftables),
    EXCLUDE_NAMESPACES: excludedNamespace,
    LOG_LEVEL: 'debug',
    ...settings,
  })
}

type Plugin = ConfList['plugins'][number]

/** The configuration that a runtime would load: the first of the directory. */
export async function loadConfList(
  node: NodeDirectories,
): Promise<{ file: string; text: string; list: ConfList }> {
  const [file] = (await readdir(node.net)).filter((name) => /\.(conflist|conf|json)$/.test(name)).sort()
  if (file === undefined) throw new Error('a runtime loads only .conflist, .conf and .json files')
  const loaded = JSON.parse(await readFile(join(node.net, file), 'utf8')) as ConfList | Plugin
  const list =
    'plugins' in loaded && Array.isArray(loaded.plugins)
      ? (loaded as ConfList)
      : ({ ...loaded, plugins: [loaded] } as unknown as ConfList)
  return { file, text: JSON.stringify(loaded, null, 2), list }
}

/** The files of the node's directories and what the configurations say, to tell whether anything is left behind. */
export async function snapshot(node: NodeDirectories): Promise<string> {
  const configurations = (await readdir(node.net)).sort().map(async (name) => {
    const text = await readFile(join(node.net, name), 'utf8')
    return `${name}\n${name.endsWith('.conflist') ? JSON.stringify(JSON.parse(text), null, 2) : text}`
  })
  return [...(await readdir(node.bin)).sort(), ...(await Promise.all(configurations))].join('\n')
}
