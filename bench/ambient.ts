// npm run bench -- ambient: what ambient pods cost. Runs inside namespaces of its own, with a stand-in for ztunnel.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ambientProgram } from '../packages/runtime/src/ambient/program.ts'
import { distDirectory } from '../scripts/tools.ts'
import { type AgentProcess, httpGet } from '../test/testbed/agent-process.ts'
import { Ztunnel } from '../test/ztunnel/stand-in.ts'
import { agentCpu, agentMemory } from './agent-figures.ts'
import { createBed, freshNamespaces, median, type Run, startBedAgent } from './bed.ts'
import type { LoopDelay } from './loop-delay.ts'
import { addEnvironment, netconf, writeAmbientPods } from './pods.ts'
import { type Row, row, writeResults } from './results.ts'

const repeats = 20
const crowd = 100
const crowds = 3
const manyPods = 250
const snapshots = 5
/** A pass over all pods is over long before. */
const windowMs = 4_000
/** Until an agent without work has given back what it no longer needs. */
const restMs = 15_000
const ours = join(distDirectory, 'istio-cni')

const { values } = parseArgs({ options: { directory: { type: 'string', default: '' } } })
const bed = createBed(values.directory)
const socketPath = join(bed.runDir, 'ztunnel.sock')
const delayFile = join(bed.directory, 'loop-delay.json')
const rows: Row[] = []
const facts: string[] = []

type Node = Readonly<{ agent: AgentProcess; ztunnel: Ztunnel; nft: boolean }>
type Mode = 'ambient' | 'sidecar'

async function withNode(
  nft: boolean,
  settings: Readonly<Record<string, string>>,
  work: (node: Node) => Promise<void>,
): Promise<void> {
  const agent = await startBedAgent(bed, {
    NATIVE_NFTABLES: String(nft),
    AMBIENT_ENABLED: 'true',
    ZTUNNEL_UDS_ADDRESS: socketPath,
    ...settings,
  })
  try {
    await using ztunnel = await Ztunnel.start({ socketPath })
    await ztunnel.until(({ event }) => event === 'snapshot-sent')
    await work({ agent, ztunnel, nft })
  } finally {
    await agent.stop()
  }
}

const named = (mode: Mode) => (mode === 'ambient' ? (['pod%d', 'ambient'] as const) : (['mesh%d'] as const))

function call(
  command: 'ADD' | 'DEL',
  { nft }: Node,
  mode: Mode,
  runs: number,
  concurrency: number,
): Promise<Run[]> {
  const [name, namespace] = named(mode)
  const stdin = (pod: number) => netconf(bed, nft, { pod, ambient: true })
  return bed.measure(ours, stdin, addEnvironment(name, namespace, command), runs, concurrency)
}

/** ADDs in fresh namespaces, undone afterwards. */
const adds = (node: Node, mode: Mode, runs: number, concurrency = 1): Promise<Run[]> =>
  freshNamespaces(bed, runs, async () => {
    const added = await call('ADD', node, mode, runs, concurrency)
    await call('DEL', node, mode, runs, 4)
    return added
  })

async function times(count: number, work: () => Promise<readonly Run[]>): Promise<Run[]> {
  const all: Run[] = []
  for (let round = 0; round < count; round += 1) all.push(...(await work()))
  return all
}

/** What the kernel and its tools need for the same rules, without plugin or agent. */
async function floor(nft: boolean): Promise<void> {
  const redirection = {
    dnsCapture: true,
    bypassInbound: false,
    rerouteInterfaces: [],
    ipv6: true,
    probeAddress: { ipv4: '169.254.7.127', ipv6: 'fd16:9254:7127:1337:ffff:ffff:ffff:ffff' },
  }
  const program = ambientProgram(redirection, nft ? 'nft' : 'iptables')
  const [tool, input] =
    program.backend === 'nft'
      ? [['nft', '-f', '-'], program.nft]
      : [['iptables-nft-restore', '--noflush'], program.restore.ipv4]
  const runs = await freshNamespaces(bed, repeats, () =>
    Array.from({ length: repeats }, (_, number) => {
      const started = performance.now()
      execFileSync('ip', ['netns', 'exec', `bench${number}`, ...tool], { input: input ?? '' })
      return performance.now() - started
    }),
  )
  const what = nft ? 'nft -f -' : 'iptables-nft-restore'
  rows.push({ what: `floor: \`ip netns exec … ${what}\` of the ambient rules`, ours: { p50: median(runs) } })
}

async function measureAdds(nft: boolean): Promise<void> {
  const name = nft ? 'nft' : 'iptables'
  await floor(nft)
  await withNode(nft, {}, async (node) => {
    rows.push(row(`ambient ADD, ${name}: the agent's first`, await adds(node, 'ambient', 1)))
    const [ambient, sidecar] = [await adds(node, 'ambient', repeats), await adds(node, 'sidecar', repeats)]
    rows.push(row(`ambient ADD to ztunnel's ack, ${name}`, ambient, sidecar))
    const [own, other] = [await cpuOf(node, 'ambient'), await cpuOf(node, 'sidecar')]
    const what = `CPU of one ambient ADD, ${name}: plugin, agent and their tools`
    rows.push({ what, ours: { p50: own }, other: { p50: other } })
    const atOnce = (mode: Mode) => times(crowds, () => adds(node, mode, crowd, crowd))
    const what100 = `${crowd} ambient ADDs at once, ${name}`
    rows.push(row(what100, await atOnce('ambient'), await atOnce('sidecar')))
  })
}

/** Milliseconds of one ADD, out of many. */
async function cpuOf(node: Node, mode: Mode): Promise<number> {
  return freshNamespaces(bed, crowd, async () => {
    const before = agentCpu(node.agent)
    const runs = await call('ADD', node, mode, crowd, 1)
    const agent = agentCpu(node.agent) - before
    await call('DEL', node, mode, crowd, 4)
    return (agent + runs.reduce((sum, { cpu }) => sum + cpu, 0) / 1000) / crowd
  })
}

async function measureManyPods(nft: boolean): Promise<void> {
  const name = nft ? 'nft' : 'iptables'
  const watched = { NODE_OPTIONS: `--import=${delayProgram()}`, LOOP_DELAY_FILE: delayFile }
  await withNode(nft, watched, (node) =>
    freshNamespaces(bed, manyPods, async () => {
      facts.push(`${name}: agent, idle: ${await memoryAtRest(node)}`)
      await takeDelay(node)
      row('', await call('ADD', node, 'ambient', crowd, crowd))
      facts.push(`${name}: main loop away during ${crowd} ADDs at once: ${shown(await takeDelay(node))}`)
      row('', await call('ADD', node, 'ambient', manyPods, 4))
      facts.push(`${name}: agent after ${crowd + manyPods} ADDs: ${agentMemory(node.agent)}`)
      facts.push(`${name}: agent with ${manyPods} ambient pods, at rest: ${await memoryAtRest(node)}`)
      await takeDelay(node)
      await measurePasses(node, name)
      facts.push(`${name}: main loop away during snapshots and passes: ${shown(await takeDelay(node))}`)
      facts.push(`${name}: agent after snapshots and passes: ${agentMemory(node.agent)}`)
    }),
  )
}

async function memoryAtRest({ agent }: Node): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, restMs))
  return agentMemory(agent)
}

/** The agent runs without the JIT compilers, and cannot load TypeScript itself. */
function delayProgram(): string {
  const source = readFileSync(join(import.meta.dirname, 'loop-delay.ts'), 'utf8')
  const file = join(bed.directory, 'loop-delay.mjs')
  writeFileSync(file, stripTypeScriptTypes(source))
  return file
}

/** ztunnel connects again: it gets its snapshot, and then all pods are verified in one go. */
async function measurePasses(node: Node, name: string): Promise<void> {
  const [sent, passes, cpus]: [number[], number[], number[]] = [[], [], []]
  for (let round = 0; round < snapshots; round += 1) {
    const atRest = await cpuInWindow(node)
    await reconnect(node)
    cpus.push((await cpuInWindow(node)) - atRest)
    sent.push(1000 * (await metric('istio_cni_ztunnel_snapshot_seconds')))
    const goal = (await verified()) + manyPods
    await reconnect(node)
    const started = performance.now()
    while ((await verified()) < goal) await new Promise((resolve) => setTimeout(resolve, 50))
    passes.push(performance.now() - started)
    sent.push(1000 * (await metric('istio_cni_ztunnel_snapshot_seconds')))
  }
  const what = `snapshot of ${manyPods} pods after ztunnel connects again, ${name}`
  rows.push({ what, ours: { p50: median(sent), p99: Math.max(...sent) } })
  const pass = `full verification pass of ${manyPods} pods, ${name} (CPU: of the agent)`
  rows.push({ what: pass, ours: { p50: median(passes), p99: Math.max(...passes), cpu: median(cpus) } })
}

async function reconnect({ ztunnel }: Node): Promise<void> {
  await ztunnel.taken()
  await ztunnel.tell('disconnect')
  await ztunnel.until(({ event }) => event === 'snapshot-sent')
}

async function cpuInWindow({ agent }: Node): Promise<number> {
  const before = agentCpu(agent)
  await new Promise((resolve) => setTimeout(resolve, windowMs))
  return agentCpu(agent) - before
}

async function metric(name: string): Promise<number> {
  const { body = '' } = (await httpGet(15014, '/metrics')) ?? {}
  const line = body.split('\n').find((text) => text.startsWith(`${name} `))
  return Number(line?.slice(name.length + 1) ?? 0)
}

const verified = () => metric('istio_cni_ambient_enrol_seconds_count{phase="verify"}')

/** What was seen since the last time. */
async function takeDelay({ agent }: Node): Promise<LoopDelay> {
  rmSync(delayFile, { force: true })
  agent.child.kill('SIGUSR2')
  while (!existsSync(delayFile)) await new Promise((resolve) => setTimeout(resolve, 5))
  return JSON.parse(readFileSync(delayFile, 'utf8'))
}

const shown = ({ wall, blocked, cpu, longWalls, longBlocks }: LoopDelay): string =>
  `at most ${wall.toFixed(1)} ms by the clock (${longWalls} × more than 10), ${blocked.toFixed(1)} ms without the wait for a processor (${longBlocks} × more than 10), ${cpu.toFixed(1)} ms of CPU`

writeAmbientPods(bed, manyPods)
for (const nft of [true, false]) await measureAdds(nft)
for (const nft of [true, false]) await measureManyPods(nft)
const medians = `Medians of ${repeats} runs, of ${crowds} × ${crowd} where they are at once, of ${snapshots} passes (in place of p99: the longest)`
writeResults({ name: 'ambient', medians, rows, facts, other: 'sidecar' })
process.exit(0)
