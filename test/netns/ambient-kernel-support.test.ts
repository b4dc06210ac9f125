import { afterAll, describe, expect, it } from 'vitest'
import { NetworkNamespaces } from '../../packages/runtime/src/netns/namespaces.ts'
import type { KernelProgram } from '../../packages/runtime/src/rules/program.ts'
import { ambientProgramsFor, recordedPod } from './ambient-pods.ts'
import { ScratchNetwork } from './scratch-network.ts'

const namespaces = new NetworkNamespaces({ iptables: 'legacy' })
afterAll(() => namespaces.close())

const { nft, iptables } = ambientProgramsFor(recordedPod('defaults-dual'))

/** No kernel has these: a stand-in for what a small one lacks. */
const unsupported: readonly [string, KernelProgram, string][] = [
  [
    'a chain of nftables',
    {
      ...nft,
      nft: `${nft.nft}table bridge t {\n\tchain c {\n\t\ttype nat hook prerouting priority 0;\n\t}\n}\n`,
    },
    'a table, match or target that the rules need',
  ],
  [
    'a table of ip6tables',
    { ...iptables, restore: { ...iptables.restore, ipv6: '*nope\nCOMMIT\n' } },
    'table nope',
  ],
]

describe('a kernel that lacks', () => {
  it.each(unsupported)('%s is named in the error, and nothing is changed', async (_, program, what) => {
    await using network = await ScratchNetwork.create()
    const before = await network.state('legacy')
    await expect(namespaces.applyRules(network.path, program)).rejects.toMatchObject({
      code: 'kernel-support',
      message: expect.stringContaining(`the kernel lacks ${what}`),
    })
    const after = await network.state('legacy')
    expect(after).toEqual(before)
  })
})
