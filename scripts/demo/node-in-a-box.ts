import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type AgentProcess, startAgent } from '../../test/testbed/agent-process.ts'
import type { ConfList } from '../../test/testbed/chain.ts'
import { command } from '../../test/testbed/commands.ts'
import { distDirectory } from '../tools.ts'
import { world } from './world.ts'

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

/** The node's side of the network: its own loopback, the world on a dummy interface, a place for namespaces. */
export async function createNodeNetwork(): Promise<void> {
  await mkdir('/run/netns', { recursive: true })
  await command('mount', '-t', 'tmpfs', 'netns', '/run/netns')
  await command('ip', 'link', 'set', 'lo', 'up')
  await command('ip', 'link', 'add', 'world', 'type', 'dummy')
  await command('ip', 'link', 'set', 'world', 'up')
  for (const address of Object.values(world))
    await command('ip', 'addr', 'add', `${address}/32`, 'dev', 'world')
  await writeFile('/proc/sys/net/ipv4/ip_forward', '1')
}

export function startAgentOn(node: NodeDirectories, nativeNftables: boolean): AgentProcess {
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
    EXCLUDE_NAMESPACES: 'kube-system',
    LOG_LEVEL: 'debug',
  })
}

/** The configuration that a runtime would load: the first of the directory. */
export async function loadConfList(
  node: NodeDirectories,
): Promise<{ file: string; text: string; list: ConfList }> {
  const [file] = (await readdir(node.net)).filter((name) => name.endsWith('.conflist')).sort()
  if (file === undefined) throw new Error(`${node.net} holds no .conflist`)
  const text = await readFile(join(node.net, file), 'utf8')
  return { file, text, list: JSON.parse(text) as ConfList }
}

/** Every file of the node's directories with its content, to tell whether anything is left behind. */
export async function snapshot(node: NodeDirectories): Promise<string> {
  const parts: string[] = []
  for (const directory of [node.net, node.bin]) {
    for (const name of (await readdir(directory)).sort()) {
      const text = directory === node.net ? await readFile(join(directory, name), 'utf8') : ''
      parts.push(`${join(directory, name)}\n${text}`)
    }
  }
  return parts.join('\n')
}
