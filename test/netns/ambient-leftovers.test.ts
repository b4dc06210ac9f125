import { afterAll, describe, expect, it } from 'vitest'
import { hasAmbientRules } from '../../packages/runtime/src/ambient/ambient-traces.ts'
import { ambientProgram } from '../../packages/runtime/src/ambient/program.ts'
import type { AmbientRedirection } from '../../packages/runtime/src/mesh/ambient-redirection.ts'
import { NetworkNamespaces } from '../../packages/runtime/src/netns/namespaces.ts'
import { programsFor, sidecarPod } from './programs.ts'
import { ScratchNetwork } from './scratch-network.ts'

const namespaces = new NetworkNamespaces({ iptables: 'nft' })
afterAll(() => namespaces.close())

const backends = ['nft', 'iptables'] as const
const redirection: AmbientRedirection = {
  dnsCapture: true,
  bypassInbound: false,
  rerouteInterfaces: [],
  ipv6: true,
  probeAddress: { ipv4: '169.254.7.127', ipv6: 'fd16::1' },
}

describe.concurrent.each(backends)('rules of ambient mode (%s)', (backend) => {
  const program = ambientProgram(redirection, backend)
  const areThere = async (network: ScratchNetwork, now: Partial<AmbientRedirection> = {}) => {
    const wanted = ambientProgram({ ...redirection, ...now }, backend)
    return hasAmbientRules(wanted, await namespaces.verifyRules(network.path, wanted))
  }

  it.each<[string, Partial<AmbientRedirection>]>([
    ['as they are wanted', {}],
    ['of other settings', { dnsCapture: false, ipv6: false, rerouteInterfaces: ['eth1'] }],
    ['of other probes', { probeAddress: { ipv4: '169.254.9.9', ipv6: 'fd99::9' } }],
  ])('are recognised, %s', async (_, now) => {
    await using network = await ScratchNetwork.create()
    expect(await areThere(network, now)).toBe(false)
    await namespaces.applyRules(network.path, program)
    expect(await areThere(network, now)).toBe(true)
  })

  it('are recognised when most of them are gone', async () => {
    await using network = await ScratchNetwork.create()
    await namespaces.applyRules(network.path, program)
    await network.shell(
      backend === 'nft'
        ? 'nft delete table inet istio-ambient-nat; nft delete table inet istio-ambient-raw'
        : 'nft delete table ip nat; nft delete table ip raw; nft delete table ip6 nat; nft delete table ip6 raw',
    )
    expect(await areThere(network)).toBe(true)
  })

  it('are not seen in a pod that has those of a sidecar', async () => {
    await using network = await ScratchNetwork.create()
    await namespaces.applyRules(network.path, programsFor(sidecarPod(), ['10.0.0.2', 'fd00::2'])[backend])
    expect(await namespaces.presentRules(network.path)).toBe(backend)
    expect(await areThere(network)).toBe(false)
  })

  it('of IPv6 go when IPv6 is switched off, as with the original', async () => {
    await using network = await ScratchNetwork.create()
    const without = ambientProgram({ ...redirection, ipv6: false }, backend)
    await namespaces.applyRules(network.path, program)
    expect(JSON.stringify(await namespaces.verifyRules(network.path, without))).toMatch(/ip6|fd16::1/)
    expect(await namespaces.applyRules(network.path, without)).toBe('replaced')
    const { ip6tables, nft } = await network.state()
    expect(JSON.stringify([ip6tables, nft])).not.toMatch(/ISTIO_|fd16::1/i)
  })
})
