// The image's agent in a container, as a DaemonSet confines it; the pods beside it, as a runtime makes them.
import { AGENT_CAPABILITIES } from '@istio-install-cni/config-schema'
import { afterEach, describe, expect, inject, it } from 'vitest'
import { prevResult, rulesIn } from '../agent/node-bed.ts'
import { addChain } from '../testbed/chain.ts'
import { command } from '../testbed/commands.ts'
import type { Confinement } from './container.ts'
import { ContainerNode } from './container-node.ts'

const image = inject('runtimeImage')
const all = Object.keys(AGENT_CAPABILITIES)
const withoutRaw = all.filter((name) => name !== 'NET_RAW')
const nft = { NATIVE_NFTABLES: 'true' }

let node: ContainerNode

afterEach(() => node.close())

interface Case {
  readonly confinement: Confinement
  readonly env?: Readonly<Record<string, string>>
}

const cases: Readonly<Record<string, Case>> = {
  "as the image's user, with the capabilities alone": { confinement: { capabilities: all } },
  'and a root file system that is read-only': {
    confinement: { capabilities: all, readOnlyRootFilesystem: true },
  },
  'and nftables, without NET_RAW': { confinement: { capabilities: withoutRaw }, env: nft },
  "as the image's user, privileged": { confinement: { capabilities: 'all' } },
  'as any other user': { confinement: { user: 1000, capabilities: all } },
  'as root, with the capabilities alone, and none to gain': {
    confinement: {
      user: 0,
      capabilities: all,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
    },
  },
  'as root, privileged': { confinement: { user: 0, capabilities: 'all' } },
  'as root, privileged, with nftables': { confinement: { user: 0, capabilities: 'all' }, env: nft },
}

describe('the agent of the image redirects a pod', () => {
  it.each(Object.entries(cases))('%s', async (_name, { confinement, env = {} }) => {
    node = await ContainerNode.create()
    await node.start(image, confinement, env)
    const { bed } = node
    const pod = await bed.createPod('meshed')
    const { result } = await addChain(await bed.ourChain(), [bed.binDir], pod, prevResult)
    expect(result).toEqual(prevResult)
    const rules =
      env === nft
        ? await command('nsenter', `--net=${pod.netns}`, 'nft', 'list', 'ruleset')
        : await rulesIn(pod)
    expect(rules).toContain(env === nft ? 'redirect to :15001' : '-j REDIRECT --to-ports 15001')
  })
})
