// The node: network, mount and process namespaces of its own. Whatever happens inside ends with their first process.
import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ownNamespaces } from '../../scripts/namespaces.ts'
import { until } from './condition.ts'
import { inState, nodeIdentity } from './layout.ts'
import { recordedProcess, recordProcess } from './process-record.ts'

const pidFile = inState('node.pid')
const overlaid = ['etc', 'opt']
const replaced = ['var/lib', 'var/log']

/** The kubelet sets these for the whole machine; on this node it writes into files. */
const machineSettings = [
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'kernel/keys/root_maxbytes',
]

const laying = `set -e
mount -t tmpfs -o mode=755 run /run
mkdir -p /run/netns /run/lock
for name in ${overlaid.join(' ')}; do
  mount -t overlay -o "lowerdir=/$name,upperdir=$STATE/$name,workdir=$STATE/work/$name" overlay "/$name"
done
for name in ${replaced.join(' ')}; do mount --bind "$STATE/$name" "/$name"; done
for name in ${machineSettings.join(' ')}; do
  if [ -e "/proc/sys/$name" ]; then cp "/proc/sys/$name" "/run/setting" && cp /run/setting "$STATE/settings/$(basename $name)"; fi
  if [ -e "/proc/sys/$name" ]; then mount --bind "$STATE/settings/$(basename $name)" "/proc/sys/$name"; fi
done
ip link set lo up
ip address add ${nodeIdentity.address}/32 dev lo
ip address add ${nodeIdentity.apiAddress}/32 dev lo
echo 1 > /proc/sys/net/ipv4/ip_forward
mount --make-rshared /
touch /run/node-is-laid
exec tini -s -- sleep infinity`

function childOf(parent: number): number | undefined {
  const isChild = (pid: string) => {
    try {
      return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1] === String(parent)
    } catch {
      return false
    }
  }
  const found = readdirSync('/proc').find((name) => /^\d+$/.test(name) && isChild(name))
  return found === undefined ? undefined : Number(found)
}

/** @returns the node's first process, as this machine numbers it; undefined when the node is down */
export const nodePid = (): number | undefined => recordedProcess(pidFile)

/** A file of the node, reached from outside. */
export function nodeFile(path: string): string {
  const pid = nodePid()
  if (pid === undefined) throw new Error('the test cluster is down: npm run cluster -- up')
  return join(`/proc/${pid}/root`, path)
}

/** The command line that runs a program on the node. */
export function onNode(...command: string[]): [string, string[]] {
  const pid = nodePid()
  if (pid === undefined) throw new Error('the test cluster is down: npm run cluster -- up')
  return ['nsenter', ['-t', String(pid), '-m', '-n', '-p', '-u', '-i', '--', ...command]]
}

export async function createNode(env: NodeJS.ProcessEnv): Promise<void> {
  if (nodePid() === undefined) await beginNode(env)
  await until(
    `the node's namespaces are laid out (${inState('log', 'node.log')})`,
    async () => existsSync(nodeFile('run/node-is-laid')),
    10_000,
  )
}

/** Recorded at once, so that `down` finds it whatever happens to this process. */
async function beginNode(env: NodeJS.ProcessEnv): Promise<void> {
  const overlayWork = overlaid.map((name) => `work/${name}`)
  for (const name of [...overlaid, ...replaced, ...overlayWork, 'settings', 'log', 'pids'])
    await mkdir(inState(name), { recursive: true })
  const log = openSync(inState('log', 'node.log'), 'a')
  const parent = spawn('unshare', [...ownNamespaces, '--uts', '--ipc', 'sh', '-c', laying], {
    env: { ...env, STATE: inState() },
    stdio: ['ignore', log, log],
    detached: true,
  })
  parent.unref()
  closeSync(log)
  const { pid: parentPid } = parent
  if (parentPid === undefined) throw new Error('unshare could not be started')
  const pid = await until('the node has a first process', async () => childOf(parentPid), 10_000)
  await recordProcess(pidFile, pid)
}

/** Ends every process on the node; its mounts, interfaces and rules end with them. */
export async function destroyNode(): Promise<void> {
  const pid = nodePid()
  if (pid !== undefined) {
    process.kill(pid, 'SIGKILL')
    await until('every process of the node has ended', async () => nodePid() !== pid, 30_000)
  }
  await rm(pidFile, { force: true })
  await rm(inState('pids'), { recursive: true, force: true })
}
