import type { ZtunnelEvent } from './events.ts'
import type { ZtunnelPod } from './stand-in.ts'

/**
 * What the real ztunnel's log says about a connection, as ours tells it, but only once the connection has ended; nothing
 * of other lines. In the place of the pod's uid is its name where `pods` does not have it.
 */
export function connectionIn(line: string, pods: readonly ZtunnelPod[]): ZtunnelEvent | undefined {
  if (!line.includes('\taccess\tconnection complete\t')) return undefined
  const fields = new Map(
    [...line.matchAll(/([a-z._]+)=("[^"]*"|\S+)/g)].map(([, name = '', value = '']) => [
      name,
      value.replaceAll('"', ''),
    ]),
  )
  const isOutbound = fields.get('direction') === 'outbound'
  const tunnelled = fields.get('dst.hbone_addr')
  const name = fields.get(isOutbound ? 'src.workload' : 'dst.workload') ?? ''
  const inbound = { port: tunnelled === undefined ? 15006 : 15008, via: 'application' } as const
  const outbound = { port: 15001, via: tunnelled === undefined ? 'direct' : 'tunnel' } as const
  return {
    event: 'connection',
    ...(isOutbound ? outbound : inbound),
    uid: pods.find((pod) => pod.name === name)?.uid ?? name,
    from: fields.get('src.addr') ?? '',
    to: tunnelled ?? fields.get('dst.addr') ?? '',
    error: fields.has('error') ? 1 : 0,
  }
}
