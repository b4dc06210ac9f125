import type { Endpoint } from '../../../test/testbed/endpoint-process.ts'
import type { ZtunnelEvent } from '../../../test/ztunnel/events.ts'
import { world, worldsDnsAnswer } from '../world.ts'
import { type MeshNode, ztunnelsDnsAnswer } from './mesh-node.ts'
import { appPort, type MeshPod } from './mesh-pod.ts'

/** Cells of a table: what, its way, whom the other side saw, and whether that was to be expected. */
export type Row = readonly [what: string, way: string, source: string, verdict: string]

type Side = Readonly<{ name: string; endpoint: Endpoint }>
export const sideOf = ({ pod, app }: MeshPod): Side => ({ name: pod.name, endpoint: app })

/** How a connection should go, and from where it should seem to come. */
export type Expected = Readonly<{ way: string; source?: string }>

/** Sends traffic one by one, so that what ztunnel tells meanwhile belongs to it. */
export class Traffic {
  readonly #node: MeshNode
  readonly surprises: string[] = []

  constructor(node: MeshNode) {
    this.#node = node
  }

  toPod(from: Side, to: MeshPod, expected: Expected): Promise<Row> {
    const connected = () => from.endpoint.connect({ host: to.address, port: appPort })
    return this.#row(`${from.name} → ${to.pod.name}:${appPort}`, connected, expected)
  }

  toWorld(from: Side, expected: Expected): Promise<Row> {
    const connected = () => from.endpoint.connect({ host: world.address, port: 80 })
    return this.#row(`${from.name} → the world:80`, connected, expected)
  }

  dns(from: Side, expected: Expected): Promise<Row> {
    const asked = () => from.endpoint.resolve({ server: world.dns, name: 'reviews.shop.svc.cluster.local' })
    return this.#row(`${from.name}: DNS question`, asked, expected)
  }

  async #row(what: string, send: () => Promise<string>, expected: Expected): Promise<Row> {
    await this.#node.taken()
    const answer = await send().catch(() => 'nobody')
    const way = wayOf(await this.#node.taken(), answer)
    const source = / from (?:::ffff:)?(\S+)/.exec(answer)?.[1] ?? ''
    const isExpected = way === expected.way && (expected.source ?? source) === source
    const wanted = [expected.way, expected.source].filter(Boolean).join(', from ')
    if (!isExpected) this.surprises.push(`${what}: ${way}, from ${source}; expected ${wanted}`)
    return [what, way, source, isExpected ? '✓' : `expected ${wanted}`]
  }
}

/** `15001 → 15008 → reviews`; an answer that ztunnel knows nothing of came directly. */
function wayOf(events: readonly ZtunnelEvent[], answer: string): string {
  const ports = events.flatMap((event) => (event.event === 'connection' ? [String(event.port)] : []))
  if (events.some(({ event }) => event === 'dns')) ports.push('15053')
  const [from = ''] = answer.split(':')
  const end = { [ztunnelsDnsAnswer]: '', [worldsDnsAnswer]: 'the world' }[from] ?? from
  return [...ports.sort(), end].filter(Boolean).join(' → ')
}
