import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadSettings } from '@istio-install-cni/config-schema'
import { afterAll, describe, expect, it } from 'vitest'
import { HostNetwork } from '../../packages/runtime/src/netns/host-network.ts'
import { NetworkNamespaces } from '../../packages/runtime/src/netns/namespaces.ts'
import { hostRules } from '../../packages/runtime/src/rules/host.ts'
import { hostProgram } from '../../packages/runtime/src/rules/host-program.ts'
import { hasIpSet } from '../netns/ip-set-kernel.ts'
import { ScratchNetwork } from '../netns/scratch-network.ts'
import { command } from '../testbed/commands.ts'

type Listing = Readonly<{
  iptables?: Readonly<{ nat: readonly string[] }>
  ip6tables?: Readonly<{ nat: readonly string[] }>
  ipset?: readonly string[]
  nft?: readonly string[]
}>
type Case = Readonly<{
  name: string
  addresses: readonly string[]
  settings: Readonly<Record<string, string>>
  host?: Readonly<Record<'iptables' | 'nft', Readonly<Record<string, Listing>>>>
}>

const directory = join(import.meta.dirname, 'data/ambient-pod')
const cases = readdirSync(directory)
  .map((file): Case => JSON.parse(readFileSync(join(directory, file), 'utf8')))
  .flatMap(({ host, ...rest }) => (host ? [{ ...rest, host }] : []))
const isRoot = process.getuid?.() === 0
const kernelHasIpSet = isRoot && (await hasIpSet())
const namespaces = new NetworkNamespaces({ iptables: 'nft' })
afterAll(() => namespaces.close())

/** Without ip_set in the kernel (module ip_set_hash_ip) iptables cannot be shown. */
const kinds = [
  { backend: 'nft', canRun: isRoot },
  { backend: 'iptables', canRun: kernelHasIpSet },
] as const

for (const { backend, canRun } of kinds) {
  describe.runIf(canRun).concurrent(`the node's rules and sets with ${backend}`, () => {
    it.each(cases)('are as recorded for $name', async ({ settings: env, addresses, host: recorded }) => {
      const { settings } = loadSettings({ env, argv: [] })
      await using network = await ScratchNetwork.create()
      const host = new HostNetwork({ namespaces, hostNetns: network.path, backend })
      const rules = hostRules({
        probeAddress: { ipv4: settings.hostProbeSnatIp, ipv6: settings.hostProbeSnatIpv6 },
        ipv6: settings.ambientIpv6,
      })
      const pod = addresses.map((address) => ({ address, uid: 'UID' }))

      await host.applyRules(hostProgram(rules, backend))
      expect(await listing(network)).toEqual(normal(recorded[backend]['before any pod']))
      await host.changeProbeSet({ put: pod, remove: [] })
      expect(await listing(network)).toEqual(normal(recorded[backend]['with this pod']))
      await host.changeProbeSet({ put: [], remove: pod })
      expect(await listing(network)).toEqual(normal(recorded[backend]['after the pod is deleted']))
    })
  })
}

async function listing(network: ScratchNetwork): Promise<Listing> {
  const { iptables, ip6tables, nft } = await network.state()
  const ours = (tables: Readonly<Record<string, readonly string[]>>) => ({
    nat: (tables.nat ?? []).filter((line) => line.includes('ISTIO')),
  })
  return normal({ iptables: ours(iptables), ip6tables: ours(ip6tables), nft, ipset: await ipSets(network) })
}

async function ipSets({ name }: ScratchNetwork): Promise<string[]> {
  if (!kernelHasIpSet) return []
  const script = join(import.meta.dirname, 'print-ip-sets.ts')
  const printed = await command('ip', 'netns', 'exec', name, process.execPath, script)
  return printed.split('\n').filter((line) => line !== '')
}

/** Comments in sets of nftables are no difference, uids of ipsets are the same word everywhere. */
function normal(recorded: Listing | undefined): Listing {
  return {
    iptables: { nat: recorded?.iptables?.nat ?? [] },
    ip6tables: { nat: recorded?.ip6tables?.nat ?? [] },
    ipset: (recorded?.ipset ?? []).map((line) => line.replace(/comment ".*"/, 'comment "UID"')),
    nft: (recorded?.nft ?? [])
      .filter((line) => !line.startsWith('\t\tcomment'))
      .map((line) => line.replace(/ comment ".*?"/g, '')),
  }
}
