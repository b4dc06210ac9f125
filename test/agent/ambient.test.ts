import { join } from 'node:path'
import { PROBE_IP_SET } from '@istio-install-cni/config-schema'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type AgentProcess, httpGet } from '../testbed/agent-process.ts'
import { addChain, type ConfList, repeatChain, type Sandbox } from '../testbed/chain.ts'
import { command } from '../testbed/commands.ts'
import { Ztunnel } from '../ztunnel/stand-in.ts'
import { NodeBed, prevResult } from './node-bed.ts'

const ambient = { 'istio.io/dataplane-mode': 'ambient' }
const outside = { labels: { 'istio.io/dataplane-mode': 'none' } }

/** Each pod has an address of its own, which the probe set shows. */
let pods = 0
const nextAddress = () => `10.77.1.${++pods}`

describe.runIf(Ztunnel.tells).each(['iptables', 'nft'] as const)('ambient mode with %s', (backend) => {
  let bed: NodeBed
  let agent: AgentProcess
  let chain: ConfList
  let ztunnel: Ztunnel | undefined
  const addresses = new Map<string, string>()
  /** Whether a ztunnel is a condition of readiness; it never is one of STATUS and so of pods. */
  const needsZtunnel = backend === 'nft'
  const noZtunnel = () => [`no ztunnel is connected to ${socketPath()}`]
  const reasons = async () => {
    const { status, body = '' } = (await agent.readiness()) ?? {}
    return status === 503 ? body.trimEnd().split('\n') : []
  }

  const socketPath = () => join(bed.directory, 'ztunnel/ztunnel.sock')
  const startZtunnel = async () => {
    ztunnel = await Ztunnel.start({ socketPath: socketPath(), namespace: bed.network?.name ?? '' })
    await ztunnel.until(({ event }) => event === 'snapshot-sent')
    return ztunnel
  }
  const createPod = async (name: string, metadata: object = {}): Promise<Sandbox> => {
    const address = nextAddress()
    addresses.set(name, address)
    return bed.createPod(name, metadata, false, `${address}/16`)
  }
  const resultOf = ({ pod }: Sandbox) => ({
    ...prevResult,
    ips: [{ ...prevResult.ips[0], address: `${addresses.get(pod.name)}/16` }],
  })
  const add = (sandbox: Sandbox) => addChain(chain, [bed.binDir], sandbox, resultOf(sandbox))
  const remove = (sandbox: Sandbox) => repeatChain('DEL', chain, [bed.binDir], sandbox, resultOf(sandbox))
  const told = (kind: 'add' | 'del', { pod }: Sandbox) =>
    ztunnel?.events.filter((event) => event.event === kind && event.uid === pod.uid) ?? []
  const rulesIn = (netns: string) =>
    command(
      'nsenter',
      `--net=${netns}`,
      ...(backend === 'nft' ? ['nft', 'list', 'ruleset'] : ['iptables-save']),
    )
  const flush = ({ netns }: Sandbox) => command('nsenter', `--net=${netns}`, 'nft', 'flush', 'ruleset')
  const probed = async ({ pod }: Sandbox) =>
    (await probeSet(backend, bed.network?.path ?? '')).includes(addresses.get(pod.name) ?? '')

  beforeAll(async () => {
    bed = await NodeBed.create({ withNetwork: true })
    await bed.labelNamespace(ambient)
    agent = bed.agent({
      LOG_LEVEL: 'debug',
      LOG_AS_JSON: String(backend === 'nft'),
      AMBIENT_ENABLED: 'true',
      NATIVE_NFTABLES: String(backend === 'nft'),
      ZTUNNEL_UDS_ADDRESS: socketPath(),
      AMBIENT_READY_NEEDS_ZTUNNEL: String(needsZtunnel),
    })
    if (needsZtunnel) await vi.waitFor(async () => expect(await reasons()).toEqual(noZtunnel()), patience)
    else await agent.ready()
    await startZtunnel()
    await agent.ready()
    chain = await bed.ourChain()
  })
  afterAll(async () => {
    await ztunnel?.[Symbol.asyncDispose]()
    await bed.close()
  })

  it('starts a pod with its rules in place, its probes let pass, and served by ztunnel', async () => {
    const sandbox = await createPod('enrolled')
    const { result } = await add(sandbox)
    expect(result).toEqual(resultOf(sandbox))
    expect(await rulesIn(sandbox.netns)).toMatch(/15008/)
    expect(await probed(sandbox)).toBe(true)
    expect(told('add', sandbox)).toMatchObject([{ name: 'enrolled', namespace: 'shop', error: '' }])
    await repeatChain('CHECK', chain, [bed.binDir], sandbox, resultOf(sandbox))
  })

  it('leaves a pod alone that opts out', async () => {
    const sandbox = await createPod('outside', outside)
    await add(sandbox)
    expect(await rulesIn(sandbox.netns)).not.toMatch(/15008/)
    expect([await probed(sandbox), told('add', sandbox)]).toEqual([false, []])
  })

  it('changes nothing when ADD is repeated', async () => {
    const sandbox = await createPod('twice')
    await add(sandbox)
    const once = await rulesIn(sandbox.netns)
    await add(sandbox)
    expect(withoutComments(await rulesIn(sandbox.netns))).toBe(withoutComments(once))
  })

  it('tells at CHECK what somebody took away', async () => {
    const sandbox = await createPod('checked')
    await add(sandbox)
    // The agent looks at a new pod, too: whoever comes first.
    await vi.waitFor(async () => {
      await flush(sandbox)
      await expect(repeatChain('CHECK', chain, [bed.binDir], sandbox, resultOf(sandbox))).rejects.toThrow(
        /102 .*ambient pod shop\/checked/,
      )
    }, patience)
  })

  it('puts back what is flushed right after the pod has started, within seconds', async () => {
    const sandbox = await createPod('flushed')
    await add(sandbox)
    await flush(sandbox)
    await vi.waitFor(async () => expect(await rulesIn(sandbox.netns)).toMatch(/15008/), {
      timeout: 10_000,
      interval: 100,
    })
  })

  it('forgets a pod at DEL at once, in the node as in ztunnel', async () => {
    const sandbox = await createPod('deleted')
    await add(sandbox)
    await remove(sandbox)
    expect(await probed(sandbox)).toBe(false)
    await ztunnel?.tell('ack')
    expect(told('del', sandbox)).toHaveLength(1)
  })

  it('is not misled by a late DEL of the sandbox that a pod had before', async () => {
    const first = await createPod('again')
    await add(first)
    const other = await createPod('again-elsewhere')
    addresses.set('again', addresses.get('again-elsewhere') ?? '')
    const second = { ...first, netns: other.netns, containerId: 'second' }
    await add(second)
    const before = told('del', second).length
    await remove(first)
    expect(await probed(second)).toBe(true)
    await ztunnel?.tell('ack')
    expect(told('del', second)).toHaveLength(before)
  })

  it('asks the runtime to try again while no ztunnel is there, and starts the pod when one has come', async () => {
    await ztunnel?.[Symbol.asyncDispose]()
    await vi.waitFor(async () => expect(await reasons()).toEqual(needsZtunnel ? noZtunnel() : []), patience)
    const sandbox = await createPod('early')
    await expect(add(sandbox)).rejects.toThrow(
      /11 ztunnel has not taken ambient pod shop\/early .*no ztunnel/i,
    )
    await startZtunnel()
    await add(sandbox)
    expect(told('add', sandbox).length).toBeGreaterThan(0)
  })

  it('asks the runtime to try again when ztunnel refuses the pod, with its words', async () => {
    await ztunnel?.tell('refuse')
    const sandbox = await createPod('refused')
    await expect(add(sandbox)).rejects.toThrow(/11 .*shop\/refused.*refused by the test/)
    await ztunnel?.tell('ack')
    await add(sandbox)
  })

  it('takes thirty pods at once', async () => {
    const sandboxes: Sandbox[] = []
    for (let number = 0; number < 30; number += 1) sandboxes.push(await createPod(`crowd-${number}`))
    await Promise.all(sandboxes.map(add))
    await ztunnel?.tell('ack')
    for (const sandbox of sandboxes) {
      expect(told('add', sandbox), sandbox.pod.name).toHaveLength(1)
      expect(await probed(sandbox)).toBe(true)
    }
  })

  it('takes running pods out when their namespace is no longer labelled', async () => {
    const sandbox = await createPod('leaving')
    await add(sandbox)
    await bed.labelNamespace({})
    await vi.waitFor(async () => expect(await rulesIn(sandbox.netns)).not.toMatch(/15008/), patience)
    await vi.waitFor(async () => expect(await probed(sandbox)).toBe(false), patience)
    await vi.waitFor(() => expect(told('del', sandbox)).toHaveLength(1), patience)
    await bed.labelNamespace(ambient)
  })

  it('tells of its ztunnel and its pods in metrics, and of ambient in its log', async () => {
    const { body = '' } = (await httpGet(bed.ports.monitoring, '/metrics', bed.network?.path)) ?? {}
    expect(body).toContain('ztunnel_connected 1')
    expect(body).toMatch(/istio_cni_ambient_enrolments_total\{how="add",result="done"\} \d/)
    expect(body).toMatch(/istio_cni_pod_decisions_total\{decision="ambient"\} \d/)
    expect(body).toMatch(/istio_cni_ztunnel_beat_timestamp_seconds \d{10}/)
    expect(body).toMatch(/nodejs_eventloop_lag_p99_seconds \d/)
    const lines = agent.log().split('\n')
    expect(lines).toContainEqual(expect.stringMatching(/enrolled an ambient pod/))
    const about = lines.filter((line) => /ztunnel|enrol|probe|workload|taken/.test(line))
    expect(about.length).toBeGreaterThan(30)
    expect(about.filter((line) => !line.includes('ambient'))).toEqual([])
  })
})

/** The addresses in the node's set of probed pods. Nobody needs to have the tool for an ipset. */
async function probeSet(backend: 'iptables' | 'nft', netns: string): Promise<string[]> {
  const inside = ['nsenter', `--net=${netns}`] as const
  if (backend === 'nft') {
    const listing = await command(
      ...inside,
      'nft',
      'list',
      'set',
      'inet',
      'istio-ambient-nat',
      `${PROBE_IP_SET}-v4`,
    )
    return listing.match(/[\d.]{7,}/g) ?? []
  }
  const file = join(import.meta.dirname, '../../packages/runtime/src/netns/ip-set.ts')
  const script = `import { ipSetMembers } from ${JSON.stringify(file)}
    console.log(JSON.stringify([...(ipSetMembers('${PROBE_IP_SET}-v4')?.keys() ?? [])]))`
  return JSON.parse(
    await command(...inside, process.execPath, '--input-type=module-typescript', '-e', script),
  )
}

const patience = { timeout: 20_000, interval: 100 }

const withoutComments = (text: string): string =>
  text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .replaceAll(/packets \d+ bytes \d+|\[\d+:\d+\]/g, '')
