import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ambientProgram } from '../../packages/runtime/src/ambient/program.ts'
import { NetworkNamespaces } from '../../packages/runtime/src/netns/namespaces.ts'
import { command } from '../testbed/commands.ts'
import { addInterface, createNetwork, type PodNetwork } from '../testbed/pod-network.ts'
import { NodeBed } from './node-bed.ts'

const redirection = {
  dnsCapture: true,
  bypassInbound: false,
  rerouteInterfaces: [],
  ipv6: true,
  probeAddress: { ipv4: '169.254.7.127', ipv6: 'fd16::1' },
}
/** In the order in which they are looked at. */
const pods = [
  { name: 'injected', address: '10.77.3.3', annotations: { 'sidecar.istio.io/status': '{}' } },
  { name: 'left', address: '10.77.3.2', annotations: {} },
]

let bed: NodeBed
const networks: PodNetwork[] = []

/** Pods that are not in the mesh, with what an earlier agent has left in them. */
beforeAll(async () => {
  bed = await NodeBed.create({ withNetwork: true })
  const namespaces = new NetworkNamespaces({ iptables: 'nft' })
  for (const { name, address } of pods) {
    const network = await createNetwork(`left${process.pid}-${name}`)
    networks.push(network)
    await addInterface(network, 'eth0', `${address}/16`)
    await namespaces.applyRules(network.path, ambientProgram(redirection, 'nft'))
  }
  await namespaces.close()
  const items = pods.map(({ name, address, annotations }) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', uid: `uid-${name}`, annotations },
    spec: { containers: [{ name: 'app', image: 'app' }] },
    status: { phase: 'Running', podIPs: [{ ip: address }] },
  }))
  await writeFile(join(bed.podsDir, 'left.json'), JSON.stringify({ kind: 'List', items }))
})
afterAll(async () => {
  await bed.close()
  for (const network of networks) await network.remove()
})

const rulesIn = (network: PodNetwork | undefined) =>
  command('nsenter', `--net=${network?.path}`, 'nft', 'list', 'ruleset')

describe('an agent that starts', () => {
  it('takes ambient rules out of a pod that is not in the mesh, and touches none with a sidecar', async () => {
    const agent = bed.agent({
      AMBIENT_ENABLED: 'true',
      ZTUNNEL_UDS_ADDRESS: join(bed.directory, 'ztunnel.sock'),
    })
    await agent.ready()
    const patience = { timeout: 20_000, interval: 100 }
    await vi.waitFor(async () => expect(await rulesIn(networks[1])).not.toMatch(/15008/), patience)
    expect(await rulesIn(networks[0])).toMatch(/15008/)
    expect(agent.log()).toMatch(/took ambient rules out of a pod .*pod=left/)
  })
})
