import { afterAll, describe, expect, it } from 'vitest'
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

  it('are recognised', async () => {
    await using network = await ScratchNetwork.create()
    const modes = () => namespaces.presentModes(network.path)
    expect(await modes()).toEqual({ ambient: false, sidecar: false })
    await namespaces.applyRules(network.path, program)
    expect(await modes()).toEqual({ ambient: true, sidecar: false })
  })

  it.each(['nat', 'mangle'])('are recognised when only those of table %s are left', async (table) => {
    await using network = await ScratchNetwork.create()
    await namespaces.applyRules(network.path, program)
    const others = ['nat', 'mangle', 'raw'].filter((one) => one !== table)
    const names = others.flatMap((one) =>
      backend === 'nft' ? [`inet istio-ambient-${one}`] : [`ip ${one}`, `ip6 ${one}`],
    )
    await network.shell(names.map((name) => `nft delete table ${name}`).join('; '))
    expect(await namespaces.presentModes(network.path)).toEqual({ ambient: true, sidecar: false })
  })

  it('are not seen in a pod that has those of a sidecar, of one or both families', async () => {
    await using network = await ScratchNetwork.create()
    for (const addresses of [['10.0.0.2'], ['10.0.0.2', 'fd00::2']]) {
      await namespaces.applyRules(network.path, programsFor(sidecarPod(), addresses)[backend])
      expect(await namespaces.presentRules(network.path)).toBe(backend)
      expect(await namespaces.presentModes(network.path)).toEqual({ ambient: false, sidecar: true })
    }
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
