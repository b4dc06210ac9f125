// An image of the agent from what this machine has: Node, the build, the tools that it executes, and their libraries.
import { readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { nodeFlags } from '@istio-install-cni/runtime'
import { distDirectory } from '../../scripts/tools.ts'
import { command } from '../testbed/commands.ts'
import type { Cluster } from './cluster.ts'
import { find, systemDirectories } from './debian-packages.ts'
import { type ImageFile, imageArchive } from './image.ts'
import { inState } from './layout.ts'

const launcherSource = join(import.meta.dirname, 'programs/install-cni.c')
const agentDirectory = 'usr/local/lib/install-cni'
const ctr = ['ctr', '--namespace', 'k8s.io', 'images']

/** Names by which one program does several things. */
const xtablesNames = ['nft', 'legacy'].flatMap((variant) =>
  ['iptables', 'ip6tables'].flatMap((family) =>
    ['', '-restore', '-save'].map((verb) => [`${family}-${variant}${verb}`, `xtables-${variant}-multi`]),
  ),
)

/** Puts it on the node, under each of the tags. */
export async function importAgentImage(cluster: Cluster, ...tags: readonly string[]): Promise<void> {
  const archive = inState('agent-image.tar')
  const [tag = '', ...others] = tags
  const settings = {
    Entrypoint: ['/usr/local/bin/install-cni'],
    Env: ['PATH=/usr/local/bin:/usr/sbin:/usr/bin'],
  }
  await writeFile(archive, imageArchive(tag, await agentFiles(), settings))
  await cluster.exec(...ctr, 'import', archive)
  for (const other of others) await cluster.exec(...ctr, 'tag', tag, other)
  await rm(archive)
}

async function agentFiles(): Promise<readonly ImageFile[]> {
  const tools = ['xtables-nft-multi', 'xtables-legacy-multi', 'nsenter'].map(programPath)
  const nftLibrary = await loadedLibrary('libnftables.so.1')
  const plugins = join(await realpath(dirname(nftLibrary)), 'xtables')
  const extensions = (await readdir(plugins)).filter((name) => /^lib(xt|ipt|ip6t)_/.test(name))
  const node = await realpath(process.execPath)
  const libraries = await librariesOf(node, nftLibrary, ...tools)
  return [
    await file('usr/local/bin/node', node, 0o755),
    await launcher(),
    ...(await Promise.all(tools.map((path) => file(`usr/sbin/${path.split('/').at(-1)}`, path, 0o755)))),
    ...xtablesNames.map(([name, program]) => ({ name: `usr/sbin/${name}`, link: program ?? '' })),
    ...(await Promise.all(
      extensions.map((name) => file(`${plugins.slice(1)}/${name}`, join(plugins, name))),
    )),
    ...(await Promise.all([...libraries].map((path) => file(path.slice(1), path, 0o755)))),
    ...(await built()),
    await file('opt/cni/bin/istio-cni', join(distDirectory, 'istio-cni'), 0o755),
  ]
}

async function built(): Promise<ImageFile[]> {
  const entries = await readdir(distDirectory, { recursive: true, withFileTypes: true })
  const wanted = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(distDirectory.length + 1))
    .filter((name) => /^(install-cni\.mjs|netns-worker\.mjs|koffi\/.*\.node)$/.test(name))
  return Promise.all(wanted.map((name) => file(`${agentDirectory}/${name}`, join(distDirectory, name))))
}

async function launcher(): Promise<ImageFile> {
  const program = inState(`install-cni.${process.pid}`)
  const flags = nodeFlags.map((flag) => JSON.stringify(flag)).join(', ')
  await command('cc', '-static', '-Os', '-s', `-DNODE_FLAGS=${flags}`, '-o', program, launcherSource)
  const made = await file('usr/local/bin/install-cni', program, 0o755)
  await rm(program)
  return made
}

const file = async (name: string, path: string, mode = 0o644): Promise<ImageFile> => ({
  name,
  body: await readFile(path),
  mode,
})

function programPath(name: string): string {
  const path = find(name, systemDirectories)
  if (path === undefined) throw new Error(`this machine has no ${name}`)
  return path
}

/** @returns where the system's loader finds it */
async function loadedLibrary(name: string): Promise<string> {
  const cache = await command('/sbin/ldconfig', '-p')
  const path = cache
    .split('\n')
    .find((line) => line.trim().startsWith(`${name} `))
    ?.split(' => ')[1]
  if (path === undefined) throw new Error(`this machine has no ${name}`)
  return path
}

/** Everything that the loader would load, and the loader, by the paths under which they are asked for. */
async function librariesOf(...programs: readonly string[]): Promise<ReadonlySet<string>> {
  const lists = await Promise.all(programs.map((path) => command('ldd', path)))
  const paths = lists.flatMap((list) =>
    [...list.matchAll(/(?:=> |^\t)(\/\S+) \(0x/gm)].map(([, path = '']) => path),
  )
  return new Set([...paths, ...programs.filter((path) => /\.so(\.|$)/.test(path))])
}
