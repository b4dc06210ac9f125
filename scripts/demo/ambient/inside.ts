// The demo of ambient mode, inside namespaces of its own: a node in a box, its agent, and a stand-in for its ztunnel.
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HOST_PROBE_ADDRESS } from '@istio-install-cni/config-schema'
import { Endpoint } from '../../../test/testbed/endpoint-process.ts'
import { print } from '../../tools.ts'
import { heading, table } from '../drawing.ts'
import {
  createNode,
  createNodeNetwork,
  loadConfList,
  type NodeDirectories,
  snapshot,
} from '../node-in-a-box.ts'
import { missingPlugins, provideVeth } from '../plugins.ts'
import { startWorld } from '../world.ts'
import { drawing } from './drawing.ts'
import { MeshNode } from './mesh-node.ts'
import { type Chain, MeshPod } from './mesh-pod.ts'
import { type Row, sideOf, Traffic } from './traffic.ts'

/** The agent looks at every pod once in a round of half a minute; a pod that came late is in the next one. */
const repairDeadlineMs = 70_000

// The first process of a process namespace gets only signals that it asks for.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))

const request = JSON.parse(process.argv[2] ?? '{}') as { scratch: string; nativeNftables: boolean }
const failures = await run(await createNode(request.scratch)).catch((error: unknown) => [String(error)])
for (const failure of failures) print(`\n✗ ${failure}`)
process.exit(failures.length === 0 ? 0 : 1)

/** @returns what was not as it should be */
async function run(directories: NodeDirectories): Promise<string[]> {
  await createNodeNetwork()
  const conflist = '10-demo.conflist'
  await copyFile(join(import.meta.dirname, '..', conflist), join(directories.net, conflist))
  const missing = await missingPlugins((await loadConfList(directories)).list, directories.bin)
  const untouched = await snapshot(directories)
  const node = await MeshNode.start(directories, request.nativeNftables)
  await startWorld([], false)
  const chain = await chainOf(directories, missing)
  const kubelet = { name: 'the node', endpoint: new Endpoint(undefined) }
  const traffic = new Traffic(node)
  const [web, reviews, batch, late] = await Promise.all(
    [
      { namespace: 'shop', name: 'web' },
      { namespace: 'shop', name: 'reviews' },
      { namespace: 'legacy', name: 'batch' },
      { namespace: 'shop', name: 'payments' },
    ].map((pod) => MeshPod.create(pod, chain)),
  )
  if (!web || !reviews || !batch || !late) throw new Error('a pod is missing')

  print(heading('Three pods run, none of them in the mesh'))
  for (const pod of [web, reviews, batch]) await node.startPod(pod)
  showTraffic([
    await traffic.toPod(sideOf(web), reviews, { way: 'reviews', source: web.address }),
    await traffic.dns(sideOf(web), { way: 'the world' }),
  ])

  print(heading('kubectl label namespace shop istio.io/dataplane-mode=ambient'))
  await node.labelNamespace('shop', true)
  for (const pod of [web, reviews]) await node.untilTold('add', pod)
  const ms = await node.startPod(late)
  await showPods([web, reviews, batch, late])
  print(`\npayments started afterwards: its ADD took ${ms.toFixed(1)} ms, ztunnel's answer included`)

  print(heading('What connected where, and whom the app saw'))
  const outside = { way: 'the world', source: batch.address }
  showTraffic([
    await traffic.toPod(sideOf(web), reviews, { way: '15001 → 15008 → reviews', source: web.address }),
    await traffic.toPod(sideOf(late), web, { way: '15001 → 15008 → web', source: late.address }),
    await traffic.toPod(sideOf(batch), web, { way: '15006 → web', source: batch.address }),
    await traffic.toPod(sideOf(web), batch, { way: '15001 → batch', source: web.address }),
    await traffic.toWorld(sideOf(web), { way: '15001 → the world' }),
    await traffic.dns(sideOf(web), { way: '15053' }),
    await traffic.toPod(kubelet, web, { way: 'web', source: HOST_PROBE_ADDRESS.ipv4 }),
    await traffic.toWorld(sideOf(batch), outside),
    await traffic.dns(sideOf(batch), { way: 'the world' }),
  ])
  print(drawing)

  print(heading("Somebody flushes the rules in web's namespace"))
  await web.flushRules(request.nativeNftables)
  showTraffic([await traffic.toPod(sideOf(web), reviews, { way: '15006 → reviews' })])
  print('\nThe agent looks at every pod again and again; this may take a minute …')
  const seconds = await untilRepaired(web)
  print(`after ${seconds} s the rules are back:\n`)
  showTraffic([await traffic.toPod(sideOf(web), reviews, { way: '15001 → 15008 → reviews' })])

  print(heading('kubectl label namespace shop istio.io/dataplane-mode-'))
  await node.labelNamespace('shop', false)
  for (const pod of [web, reviews, late]) await node.untilTold('del', pod)
  await showPods([web, reviews, batch, late])
  print('')
  showTraffic([
    await traffic.toPod(sideOf(web), reviews, { way: 'reviews', source: web.address }),
    await traffic.dns(sideOf(web), { way: 'the world' }),
  ])
  const left = await Promise.all([web, reviews, late].map((pod) => pod.ruleCount()))

  await node.stopPods()
  const exitCode = await node.stop()
  const isClean = exitCode === 0 && (await snapshot(directories)) === untouched && !(await node.hasRules())
  print(heading('The node after uninstalling'))
  print(isClean ? 'as it was before: the same configuration, no plugin, no rules' : 'changed')
  return [
    ...traffic.surprises,
    ...(left.some((count) => count > 0) ? [`rules are left in pods that left the mesh: ${left}`] : []),
    ...(isClean
      ? []
      : [`the agent ended with ${exitCode} and left the node changed; it said:\n${node.agent.log()}`]),
  ]
}

/** The chain as the agent has installed it, as far as this machine has its plugins. */
async function chainOf({ bin, ...directories }: NodeDirectories, missing: readonly string[]): Promise<Chain> {
  const { list } = await loadConfList({ bin, ...directories })
  return {
    list: { ...list, plugins: list.plugins.filter(({ type }) => !missing.includes(type)) },
    binDirs: [bin],
    mainPlugin: missing.includes(list.plugins[0]?.type ?? '') ? provideVeth : undefined,
  }
}

function showTraffic(rows: readonly Row[]): void {
  print(table(['traffic', 'way', 'seen as', ''], rows))
}

async function showPods(pods: readonly MeshPod[]): Promise<void> {
  const rows = await Promise.all(
    pods.map(async (pod) => [
      `${pod.pod.namespace}/${pod.pod.name}`,
      pod.address,
      String(await pod.ruleCount()),
    ]),
  )
  print(table(['pod', 'address', 'rules'], rows))
}

/** @returns seconds */
async function untilRepaired(pod: MeshPod): Promise<string> {
  const started = performance.now()
  while ((await pod.ruleCount()) === 0) {
    if (performance.now() - started > repairDeadlineMs)
      throw new Error('the flushed rules have not come back')
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
  return ((performance.now() - started) / 1000).toFixed(0)
}
