// The demo itself, inside namespaces of its own: a node in a box, from the first conflist to the last clean-up.
import { copyFile, readdir, readFile } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { Endpoint } from '../../test/testbed/endpoint-process.ts'
import { print } from '../tools.ts'
import { askAgent } from './ask-agent.ts'
import { DemoPod } from './demo-pod.ts'
import { drawing, heading, table, withMarks } from './drawing.ts'
import { type PodManifest, podManifests } from './manifest.ts'
import {
  createNode,
  createNodeNetwork,
  loadConfList,
  type NodeDirectories,
  snapshot,
  startAgentOn,
} from './node-in-a-box.ts'
import { missingPlugins, provideVeth } from './plugins.ts'
import { startWorld, world } from './world.ts'

interface DemoRequest {
  readonly scratch: string
  readonly pods: readonly string[]
  readonly conflist?: string
  readonly nativeNftables: boolean
}

// The first process of a process namespace gets only signals that it asks for.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))

const request = JSON.parse(process.argv[2] ?? '{}') as DemoRequest
const isOurs = request.pods.length === 0
const failures = await run(await createNode(request.scratch)).catch((error: unknown) => [String(error)])
for (const failure of failures) print(`\n✗ ${failure}`)
process.exit(failures.length === 0 ? 0 : 1)

/** @returns what was not as it should be */
async function run(node: NodeDirectories): Promise<string[]> {
  const hasIpv6 = await createNodeNetwork()
  const manifests = await provideFiles(node)
  const before = await loadConfList(node)
  const missing = await missingPlugins(before.list, node.bin)
  const untouched = await snapshot(node)
  print(heading(`The node before: ${before.file}`))
  print(before.text)

  const agent = startAgentOn(node, request.nativeNftables)
  await agent.ready()
  const after = await loadConfList(node)
  print(heading(`After the agent has started: ${after.file}`))
  print(withMarks(before.text, after.text))
  if (missing.length > 0)
    print(`\nNot on this machine: ${missing.join(', ')}. A veth pair takes their place.`)

  const present = { ...after.list, plugins: after.list.plugins.filter(({ type }) => !missing.includes(type)) }
  const mainPlugin = missing.includes(after.list.plugins[0]?.type ?? '') ? provideVeth : undefined
  const pods = await Promise.all(
    manifests.map((manifest, index) => DemoPod.create(manifest, index, present, [node.bin])),
  )
  await startWorld(manifests, hasIpv6)
  const client = new Endpoint(undefined)
  for (const [index, pod] of pods.entries()) await pod.start(index, mainPlugin, askAgent(node.run))
  await Promise.all(pods.map((pod) => pod.probe(client)))

  print(heading('What was decided for each pod'))
  print(
    table(
      ['pod', 'decision', 'why', 'rules', 'ADD'],
      pods.map((pod) => pod.summary()),
    ),
  )
  for (const refusal of pods.flatMap((pod) => pod.refusal() ?? [])) print(`\n${refusal}`)
  print(heading('What connected where'))
  print(
    table(
      ['pod', 'traffic', 'answered by', ''],
      pods.flatMap((pod) => pod.traffic()),
    ),
  )
  print(heading('The way of a packet'))
  print(drawing(world.address))

  for (const pod of pods) await pod.stop()
  const exitCode = await agent.stop()
  const left = await snapshot(node)
  // A single plugin's .conf becomes a list of one plugin, and stays it.
  const isConverted = before.file.endsWith('.conf')
  const isClean = exitCode === 0 && (left === untouched || isConverted)
  print(heading('The node after uninstalling'))
  print(left === untouched ? 'as it was before: the same configuration, no plugin, no kubeconfig' : left)
  return [
    ...(isClean
      ? []
      : [`the agent ended with ${exitCode} and left the node changed; it said:\n${agent.log()}`]),
    ...(isOurs ? pods.flatMap((pod) => pod.surprises()) : []),
  ]
}

/** @returns the pods of all files */
async function provideFiles(node: NodeDirectories): Promise<PodManifest[]> {
  const own = join(import.meta.dirname, 'pods')
  const files = isOurs ? (await readdir(own)).sort().map((file) => join(own, file)) : request.pods
  const manifests: PodManifest[] = []
  for (const [index, file] of files.entries()) {
    try {
      manifests.push(...podManifests(await readFile(file, 'utf8')))
    } catch (error) {
      throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
    }
    // Two files may have one name, and the agent takes YAML and JSON by their endings.
    const ending = ['.yaml', '.yml', '.json'].includes(extname(file)) ? '' : '.yaml'
    await copyFile(file, join(node.pods, `${index}-${basename(file)}${ending}`))
  }
  const conflist = request.conflist ?? join(import.meta.dirname, '10-demo.conflist')
  await copyFile(conflist, join(node.net, basename(conflist)))
  return manifests
}
