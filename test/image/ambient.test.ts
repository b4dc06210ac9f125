import { AGENT_CAPABILITIES } from '@istio-install-cni/config-schema'
import { afterEach, describe, expect, inject, it } from 'vitest'
import { prevResult } from '../agent/node-bed.ts'
import { addChain } from '../testbed/chain.ts'
import { command } from '../testbed/commands.ts'
import { Ztunnel } from '../ztunnel/stand-in.ts'
import type { Confinement } from './container.ts'
import { ContainerNode } from './container-node.ts'

const image = inject('runtimeImage')
const least = {
  capabilities: Object.keys(AGENT_CAPABILITIES),
  readOnlyRootFilesystem: true,
}
const cases: readonly (readonly [backend: 'iptables' | 'nft', user: string, confinement: Confinement])[] = [
  ['iptables', "the image's user", least],
  ['nft', "the image's user", least],
  ['iptables', 'root', { ...least, user: 0, allowPrivilegeEscalation: false }],
]

let node: ContainerNode
let ztunnel: Ztunnel | undefined

afterEach(async () => {
  await ztunnel?.[Symbol.asyncDispose]()
  await node.close()
})

describe.runIf(Ztunnel.tells)('the agent of the image in ambient mode', () => {
  it.each(cases)('enrols a pod with %s as %s, least privileged', async (backend, _user, confinement) => {
    node = await ContainerNode.create()
    const { bed, network } = node
    await bed.labelNamespace({ 'istio.io/dataplane-mode': 'ambient' })
    await node.start(image, confinement, {
      AMBIENT_ENABLED: 'true',
      AMBIENT_READY_NEEDS_ZTUNNEL: 'false',
      NATIVE_NFTABLES: String(backend === 'nft'),
    })
    ztunnel = await Ztunnel.start({ socketPath: node.ztunnelSocket, namespace: bed.network?.name ?? '' })
    await ztunnel.until(({ event }) => event === 'snapshot-sent')

    const pod = await bed.createPod('enrolled', {}, false)
    await addChain(await bed.ourChain(), [bed.binDir], pod, prevResult)
    const listed = backend === 'nft' ? ['nft', 'list', 'ruleset'] : ['iptables-save']
    expect(await command('nsenter', `--net=${pod.netns}`, ...listed)).toMatch(/15008/)
    expect(await command('nsenter', `--net=${network}`, ...listed)).toMatch(/istio/i)
    expect(ztunnel.events.filter(({ event }) => event === 'add')).toMatchObject([
      { name: 'enrolled', error: '' },
    ])
  })
})
