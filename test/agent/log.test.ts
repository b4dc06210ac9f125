// What `kubectl logs` shows of an agent: its own lines and the plugin's.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { addChain } from '../testbed/chain.ts'
import { NodeBed, prevResult } from './node-bed.ts'

let bed: NodeBed

beforeEach(async () => {
  bed = await NodeBed.create()
})
afterEach(() => bed.close())

/** The lines of an agent that started, gave one pod rules and refused another, and stopped. */
async function linesOf(
  settings: Record<string, string> = {},
  args: readonly string[] = [],
): Promise<string[]> {
  const good = await bed.createPod('good')
  const annotations = { 'traffic.sidecar.istio.io/excludeOutboundPorts': 'http' }
  const bad = await bed.createPod('bad', { annotations })
  const agent = bed.agent(settings, args)
  await agent.ready()
  const chain = await bed.ourChain()
  await addChain(chain, [bed.binDir], good, prevResult)
  await expect(addChain(chain, [bed.binDir], bad, prevResult)).rejects.toThrow(/100/)
  await agent.stop()
  return agent.log().trimEnd().split('\n')
}

const textLine = /^\d{4}-\d\d-\d\dT\S+Z\t(debug|info|warn|error)\tcni-(agent|plugin)\t[^\t]+(\t\S+=[^\t]*)?$/

describe("an agent's log", () => {
  it('tells the story of a node within twenty lines, each with time, level, scope, message and fields', async () => {
    const lines = await linesOf()
    expect(lines.filter((line) => !textLine.test(line))).toEqual([])
    expect(lines.length).toBeLessThanOrEqual(20)
    const story = [
      /info\tcni-agent\tstarted the CNI node agent\tversion=\S+ node=\S+$/,
      /info\tcni-agent\twrote the network configuration\tfile=10-test.conflist$/,
      /info\tcni-agent\tinstalled and watching$/,
      /info\tcni-agent\tredirected a pod to its sidecar\tpod=good namespace=shop /,
      /error\tcni-plugin\tpod shop\/bad can't be redirected: traffic\.sidecar.* command=ADD code=100 /,
      /info\tcni-agent\tstopped the CNI node agent\tuninstall=false$/,
    ]
    const places = story.map((part) => lines.findIndex((line) => part.test(line)))
    expect(places).not.toContain(-1)
    expect(places).toEqual(places.toSorted((one, other) => one - other))
  })

  it('is JSON in the same columns with --log_as_json', async () => {
    const lines = (await linesOf({}, ['--log_as_json'])).map((line) => JSON.parse(line) as object)
    for (const line of lines)
      expect(line).toMatchObject({
        level: expect.stringMatching(/^(info|error)$/),
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        scope: expect.stringMatching(/^cni-(agent|plugin)$/),
        msg: expect.any(String),
      })
    expect(lines).toContainEqual(
      expect.objectContaining({ scope: 'cni-agent', pod: 'good', namespace: 'shop' }),
    )
    expect(lines).toContainEqual(expect.objectContaining({ scope: 'cni-plugin', level: 'error', code: 100 }))
  })

  it('has the levels of --log_output_level by scope, that of the plugin too', async () => {
    const lines = await linesOf({}, ['--log_output_level=cni-agent:error,cni-plugin:debug'])
    expect(lines.map((line) => line.split('\t').slice(1, 3).join(' '))).toEqual([
      'debug cni-plugin',
      'error cni-plugin',
    ])
  })

  it('says nothing below the level of LOG_LEVEL', async () => {
    const lines = await linesOf({ LOG_LEVEL: 'error' })
    expect(lines).toEqual([expect.stringMatching(/error\tcni-plugin\tpod shop\/bad/)])
  })
})
