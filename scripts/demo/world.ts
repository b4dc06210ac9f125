import { Endpoint } from '../../test/testbed/endpoint-process.ts'
import { excludedOutboundPorts, type PodManifest } from './manifest.ts'

/** Where the world's servers are, seen from the pods. Documentation ranges: nobody else is there. */
export const world = { address: '203.0.113.10', excluded: '198.51.100.10', dns: '203.0.113.53' } as const
export const world6 = {
  address: '2001:db8:a::10',
  excluded: '2001:db8:b::10',
  dns: '2001:db8:a::53',
} as const

/** The address that the world's name server gives for every name. */
export const worldsDnsAnswer = '192.0.2.1'

/** Everything outside the pods: a web server, a name server, a server on every port that some pod excludes. */
export async function startWorld(pods: readonly PodManifest[], hasIpv6: boolean): Promise<void> {
  const endpoint = new Endpoint(undefined)
  const ports = new Set([80, ...pods.flatMap(excludedOutboundPorts)])
  for (const { address, excluded, dns } of hasIpv6 ? [world, world6] : [world]) {
    for (const host of [address, excluded])
      await endpoint.listen({ host, ports: [...ports], says: 'the world' })
    await endpoint.answerDns({ host: dns, port: 53, address: worldsDnsAnswer })
  }
}
