/** What the stand-in tells, stand-in.c. */
export type ZtunnelEvent =
  | Readonly<{ event: 'connected' | 'disconnected' | 'snapshot-sent' | 'malformed' }>
  /** `error` is empty when the pod is served. */
  | Readonly<{
      event: 'add'
      uid: string
      name: string
      namespace: string
      serviceAccount: string
      error: string
    }>
  | Readonly<{ event: 'del' | 'keep'; uid: string }>
  /** `uid`: in whose namespace; `to`: what the client meant; `error`: errno of the connection onwards, or 0 */
  | Readonly<{
      event: 'connection'
      port: 15001 | 15006 | 15008
      uid: string
      from: string
      to: string
      via: 'direct' | 'tunnel' | 'application'
      error: number
    }>
  | Readonly<{ event: 'refused'; port: number; uid: string; from: string; to: string }>
  | Readonly<{ event: 'dns'; uid: string; protocol: 'udp' | 'tcp'; name: string }>
  | Readonly<{ event: 'told'; line: string }>

/** The way that a connection took: `15001 tunnel a: 10.0.0.1 → 10.0.0.2:80`, without the client's port. */
export function waysIn(events: readonly ZtunnelEvent[]): readonly string[] {
  return events.flatMap((event) => {
    if (event.event !== 'connection') return []
    const from = event.from.replace(/:\d+$/, '')
    return [`${event.port} ${event.via} in ${event.uid}: ${from} → ${event.to}`]
  })
}
