import { ANNOTATION } from '@istio-install-cni/config-schema'
import { afterAll, describe, expect, it } from 'vitest'
import { NetworkNamespaces } from '../../packages/runtime/src/netns/namespaces.ts'
import { ambientProgramsFor, recordedPod } from './ambient-pods.ts'
import { ScratchNetwork } from './scratch-network.ts'

const withNft = new NetworkNamespaces({ iptables: 'nft' })
const withLegacy = new NetworkNamespaces({ iptables: 'legacy' })
afterAll(() => Promise.all([withNft.close(), withLegacy.close()]))

const backends = [
  { name: 'nft', namespaces: withNft, kind: 'nft' },
  { name: 'iptables-nft', namespaces: withNft, kind: 'iptables' },
  { name: 'iptables-legacy', namespaces: withLegacy, kind: 'iptables' },
] as const

/** Every character that the kernel and the annotation allow, where a shell or a parser may take it for its own. */
const odd = [
  '-j',
  '--',
  '$x',
  '#x',
  'x#',
  '(x)',
  'a=b',
  '~',
  '&',
  '^',
  '%d',
  'a/b',
  '@x',
  '.',
  '-',
  'a:b',
  'x+',
  '"',
  ';',
  '{}',
  '\\',
  '*',
]

const recorded = recordedPod('reroute')

describe.each(backends)('odd names of interfaces with $name', ({ namespaces, kind }) => {
  it('are taken literally or left out', async () => {
    await using network = await ScratchNetwork.create()
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'app',
        namespace: 'shop',
        annotations: { [ANNOTATION.rerouteVirtualInterfaces]: odd.join(',') },
      },
      spec: { containers: [{ name: 'app' }] },
    }
    const program = ambientProgramsFor({ ...recorded, pod })[kind]
    expect(await namespaces.applyRules(network.path, program)).toBe('applied')
    expect(await namespaces.applyRules(network.path, program)).toBe('unchanged')
    await namespaces.removeRules(network.path)
  })
})
