import { Endpoint } from '../../test/testbed/endpoint-process.ts'
import type { PodManifest } from './manifest.ts'

/** Where the world's servers are, seen from the pods. Documentation ranges: nobody else is there. */
export const world = { address: '203.0.113.10', excluded: '198.51.100.10', dns: '203.0.113.53' } as const

/** The address that the world's name server gives for every name. */
export const worldsDnsAnswer = '192.0.2.1'

/** Everything outside the pods: a web server, a name server, a server on every port that some pod excludes. */
export async function startWorld(pods: readonly PodManifest[]): Promise<void> {
  const endpoint = new Endpoint(undefined)
  const ports = new Set([80, ...pods.flatMap((pod) => pod.excludedOutboundPorts)])
  for (const host of [world.address, world.excluded])
    await endpoint.listen({ host, ports: [...ports], says: 'the world' })
  await endpoint.answerDns({ host: world.dns, port: 53, address: worldsDnsAnswer })
}
