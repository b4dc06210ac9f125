// npm run bench -- plugin [--against PLUGIN]: what one call of the plugin costs. Runs inside namespaces of its own.
import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { decisionOf } from '../packages/runtime/src/mesh/decision.ts'
import { podFromManifest } from '../packages/runtime/src/mesh/pod.ts'
import { NetworkNamespaces } from '../packages/runtime/src/netns/index.ts'
import { iptablesProgram } from '../packages/runtime/src/rules/iptables.ts'
import { nftProgram } from '../packages/runtime/src/rules/nft.ts'
import type { KernelProgram } from '../packages/runtime/src/rules/program.ts'
import { sidecarRules } from '../packages/runtime/src/rules/sidecar.ts'
import { distDirectory } from '../scripts/tools.ts'
import type { AgentProcess } from '../test/testbed/agent-process.ts'
import { agentCpu, agentMemory } from './agent-figures.ts'
import { createBed, freshNamespaces, median, type Run, startBedAgent } from './bed.ts'
import { addEnvironment, meshPod, netconf, serveApi, writePods } from './pods.ts'
import { type Row, row, writeResults } from './results.ts'

const repeats = 20
const crowd = 100
const manyPods = 171
const ours = join(distDirectory, 'istio-cni')

const { values } = parseArgs({
  options: { against: { type: 'string' }, directory: { type: 'string', default: '' } },
})
const bed = createBed(values.directory)
const rows: Row[] = []

/** Rows for one question: ours, and the other plugin's where it is there. */
async function compare(what: string, run: (plugin: string) => Promise<Run[]> | Run[]): Promise<void> {
  const own = await run(ours)
  const other = values.against === undefined ? undefined : await run(values.against)
  rows.push(row(what, own, other))
}

const inFreshNamespaces = <T>(count: number, work: () => Promise<T> | T): Promise<T> =>
  freshNamespaces(bed, count, work)

async function withAgent(
  nativeNftables: boolean,
  work: (agent: AgentProcess) => Promise<void>,
): Promise<void> {
  const agent = await startBedAgent(bed, { NATIVE_NFTABLES: String(nativeNftables) })
  try {
    await work(agent)
  } finally {
    await agent.stop()
  }
}

/** What the kernel and its tools need for the same rules, without plugin or agent. */
async function kernelFloors(): Promise<void> {
  const decision = decisionOf(podFromManifest(meshPod('mesh0')), {
    excludeNamespaces: [],
    podNamespace: 'istio-system',
  })
  if (decision.mode !== 'sidecar') throw new Error('the pod of the benchmark is in no mesh')
  const rules = sidecarRules(decision.redirection, ['10.77.0.2'])
  const iptables = iptablesProgram(rules)
  await inFreshNamespaces(repeats, () => {
    const runs = Array.from({ length: repeats }, (_, number) => {
      const started = performance.now()
      execFileSync('ip', ['netns', 'exec', `bench${number}`, 'iptables-nft-restore', '--noflush'], {
        input: iptables.restore.ipv4 ?? '',
      })
      return performance.now() - started
    })
    rows.push({ what: 'floor: `ip netns exec … iptables-nft-restore`', ours: { p50: median(runs) } })
  })
  const namespaces = new NetworkNamespaces()
  const programs: [string, KernelProgram][] = [
    ['iptables', iptables],
    ['nft', nftProgram(rules)],
  ]
  for (const [name, program] of programs) {
    await inFreshNamespaces(repeats + 1, async () => {
      await namespaces.applyRules(`/var/run/netns/bench${repeats}`, program)
      const runs: number[] = []
      for (let number = 0; number < repeats; number += 1) {
        const started = performance.now()
        await namespaces.applyRules(`/var/run/netns/bench${number}`, program)
        runs.push(performance.now() - started)
      }
      rows.push({
        what: `floor: rules applied by the agent's kernel room, ${name}`,
        ours: { p50: median(runs) },
      })
    })
  }
  await namespaces.close()
}

async function sidecarAdds(nativeNftables: boolean): Promise<void> {
  const name = nativeNftables ? 'nft' : 'iptables'
  const stdin = netconf(bed, nativeNftables)
  const add = (plugin: string, runs: number, concurrency = 1) =>
    inFreshNamespaces(runs, () => bed.measure(plugin, stdin, addEnvironment('mesh%d'), runs, concurrency))
  await withAgent(nativeNftables, async () => {
    rows.push(row(`sidecar ADD, ${name}: the agent's first`, await add(ours, 1)))
    await compare(`sidecar ADD, ${name}`, (plugin) => add(plugin, repeats))
  })
  await withAgent(nativeNftables, async (agent) => {
    await add(ours, 1)
    const before = agentCpu(agent)
    const own = await add(ours, crowd)
    const agentShare = (agentCpu(agent) - before) / crowd
    const pluginShare = own.reduce((sum, { cpu }) => sum + cpu, 0) / 1000 / crowd
    const other = values.against === undefined ? undefined : await add(values.against, repeats)
    const otherCpu = other && { p50: median(other.map(({ cpu }) => cpu)) / 1000 }
    rows.push({
      what: `CPU of one sidecar ADD, ${name}: plugin, agent and their tools`,
      ours: { p50: agentShare + pluginShare },
      ...(otherCpu && { other: otherCpu }),
    })
    await compare(`${crowd} sidecar ADDs at once, ${name}`, (plugin) => add(plugin, crowd, crowd))
  })
}

writePods(bed, manyPods)
const stopApi = await serveApi(bed)
const facts: string[] = [`plugin: ${(statSync(ours).size / 1e6).toFixed(2)} MB`]
if (values.against !== undefined)
  facts.push(`the other: ${(statSync(values.against).size / 1e6).toFixed(2)} MB`)

rows.push(row('floor: an empty static program', await bed.measure(bed.floor, '', {}, repeats)))
await compare('VERSION', (plugin) =>
  bed.measure(plugin, '{"cniVersion":"1.0.0"}', { CNI_COMMAND: 'VERSION' }, repeats),
)
await inFreshNamespaces(repeats, () =>
  compare("ADD that passes: the agent's own pod", (plugin) =>
    bed.measure(plugin, netconf(bed, false), addEnvironment('istio-cni-node-x', 'istio-system'), repeats),
  ),
)
await withAgent(false, async (agent) => {
  facts.push(`agent, idle: ${agentMemory(agent)}`)
  await inFreshNamespaces(repeats, () =>
    compare('ADD of a pod outside the mesh', (plugin) =>
      bed.measure(plugin, netconf(bed, false), addEnvironment('plain'), repeats),
    ),
  )
})
await kernelFloors()
for (const nativeNftables of [true, false]) await sidecarAdds(nativeNftables)
await withAgent(true, async (agent) => {
  await inFreshNamespaces(manyPods, () =>
    bed.measure(ours, netconf(bed, true), addEnvironment('mesh%d'), manyPods),
  )
  facts.push(`agent after ${manyPods} sidecar pods: ${agentMemory(agent)}`)
})
stopApi()
writeResults({
  name: 'plugin',
  medians: `Medians of ${repeats} runs`,
  rows,
  facts,
  ...(values.against !== undefined && { other: 'other' }),
})
process.exit(0)
