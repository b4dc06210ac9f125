import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PodOptions } from './programs.ts'
import { address, type BackendName, TrafficBed, uid } from './traffic-bed.ts'

let bed: TrafficBed
beforeAll(async () => {
  bed = await TrafficBed.create('plain')
})
afterAll(() => bed[Symbol.asyncDispose]())

type Who = 'app' | 'proxy' | 'otherProxy' | 'outside'
/** Who connects where, and who answers on which port. */
type Connection = readonly [from: Who, host: string, port: number, answer: string]

type Scenario = Readonly<{
  option: string
  pod: PodOptions
  addresses?: readonly string[]
  connections: readonly Connection[]
}>

const { pod, pod6, podSecond, near, far, far6, second } = address
const traffic = (name: string, value: string): PodOptions => ({
  annotations: { [`traffic.sidecar.istio.io/${name}`]: value },
})

const scenarios: readonly Scenario[] = [
  {
    option: 'no annotation',
    pod: {},
    connections: [
      ['outside', pod, 8080, 'inbound:15006'],
      ['outside', pod, 15008, 'app:15008'],
      ['outside', pod, 15020, 'app:15020'],
      ['outside', pod, 15021, 'app:15021'],
      ['app', far, 80, 'outbound:15001'],
      ['app', far, 15020, 'world:15020'],
      ['app', pod, 8080, 'app:8080'],
      ['app', '127.0.0.1', 8080, 'app:8080'],
      ['proxy', far, 80, 'world:80'],
      ['proxy', pod, 8080, 'inbound:15006'],
      ['proxy', pod, 15008, 'app:15008'],
      ['proxy', '127.0.0.1', 8080, 'app:8080'],
      ['otherProxy', far, 80, 'outbound:15001'],
    ],
  },
  {
    option: 'excludeInboundPorts',
    pod: traffic('excludeInboundPorts', '8080'),
    connections: [
      ['outside', pod, 8080, 'app:8080'],
      ['outside', pod, 9090, 'inbound:15006'],
      ['outside', pod, 15020, 'app:15020'],
    ],
  },
  {
    option: 'includeInboundPorts',
    pod: traffic('includeInboundPorts', '8080'),
    connections: [
      ['outside', pod, 8080, 'inbound:15006'],
      ['outside', pod, 9090, 'app:9090'],
    ],
  },
  {
    option: 'includeInboundPorts with nothing',
    pod: traffic('includeInboundPorts', ''),
    connections: [
      ['outside', pod, 8080, 'app:8080'],
      ['app', far, 80, 'outbound:15001'],
    ],
  },
  {
    option: 'excludeOutboundIPRanges',
    pod: traffic('excludeOutboundIPRanges', '10.88.0.0/16'),
    connections: [
      ['app', near, 80, 'world:80'],
      ['app', far, 80, 'outbound:15001'],
    ],
  },
  {
    option: 'includeOutboundIPRanges',
    pod: traffic('includeOutboundIPRanges', '10.88.0.0/16'),
    connections: [
      ['app', near, 80, 'outbound:15001'],
      ['app', far, 80, 'world:80'],
      ['outside', pod, 8080, 'inbound:15006'],
    ],
  },
  {
    option: 'includeOutboundIPRanges with nothing',
    pod: traffic('includeOutboundIPRanges', ''),
    connections: [['app', near, 80, 'world:80']],
  },
  {
    option: 'excludeOutboundPorts',
    pod: traffic('excludeOutboundPorts', '3306,5432'),
    connections: [
      ['app', far, 3306, 'world:3306'],
      ['app', far, 5432, 'world:5432'],
      ['app', far, 80, 'outbound:15001'],
    ],
  },
  {
    option: 'includeOutboundPorts',
    pod: {
      annotations: {
        'traffic.sidecar.istio.io/includeOutboundPorts': '5432',
        'traffic.sidecar.istio.io/includeOutboundIPRanges': '',
      },
    },
    connections: [
      ['app', far, 5432, 'outbound:15001'],
      ['app', far, 80, 'world:80'],
    ],
  },
  {
    option: 'excludeInterfaces',
    pod: traffic('excludeInterfaces', 'net1'),
    connections: [
      ['outside', podSecond, 8080, 'app:8080'],
      ['outside', pod, 8080, 'inbound:15006'],
      ['app', second, 80, 'world:80'],
      ['app', far, 80, 'outbound:15001'],
    ],
  },
  ...['istio.io/reroute-virtual-interfaces', 'traffic.sidecar.istio.io/kubevirtInterfaces'].map((name) => ({
    option: name.replace(/^.*\//, ''),
    pod: { annotations: { [name]: 'net1' } },
    connections: [
      ['outside', podSecond, 8080, 'outbound:15001'],
      ['outside', pod, 8080, 'inbound:15006'],
    ] as const,
  })),
  {
    option: 'a proxy with a user of its own',
    pod: { proxyUid: uid.otherProxy },
    connections: [
      ['otherProxy', far, 80, 'world:80'],
      ['proxy', far, 80, 'outbound:15001'],
      ['app', far, 80, 'outbound:15001'],
    ],
  },
  {
    option: 'INVALID_DROP',
    pod: { proxyEnv: { INVALID_DROP: 'true' } },
    connections: [
      ['outside', pod, 8080, 'inbound:15006'],
      ['app', far, 80, 'outbound:15001'],
    ],
  },
  {
    option: 'an IPv6 address alone',
    pod: {},
    addresses: [`${pod6}/64`],
    connections: [
      ['outside', pod6, 8080, 'inbound:15006'],
      ['outside', pod6, 15021, 'app:15021'],
      ['app', far6, 80, 'outbound:15001'],
      ['app', pod6, 8080, 'app:8080'],
      ['app', '::1', 8080, 'app:8080'],
      ['proxy', far6, 80, 'world:80'],
      ['proxy', pod6, 8080, 'inbound:15006'],
    ],
  },
  {
    option: 'ISTIO_DUAL_STACK',
    pod: {
      ...traffic('excludeOutboundIPRanges', `10.88.0.0/16,${far6}/128`),
      proxyEnv: { ISTIO_DUAL_STACK: 'true' },
    },
    addresses: [`${pod}/24`, `${pod6}/64`],
    connections: [
      ['outside', pod, 8080, 'inbound:15006'],
      ['outside', pod6, 8080, 'inbound:15006'],
      ['app', far, 80, 'outbound:15001'],
      ['app', near, 80, 'world:80'],
      ['app', far6, 80, 'world:80'],
      ['app', address.world6, 80, 'outbound:15001'],
    ],
  },
]

const backends: readonly BackendName[] = ['nft', 'iptables-nft', 'iptables-legacy']

describe.each(backends)('traffic of a pod with %s', (backend) => {
  it.each(scenarios)(
    'goes where it belongs with $option',
    async ({ pod: options, addresses, connections }) => {
      await bed.redirect(backend, options, addresses)
      const answers = await Promise.all(
        connections.map(async ([from, host, port]) => {
          const answer = await bed[from].connect({ host, port }).catch(String)
          return [from, host, port, answer.replace(/ from .*/, '')]
        }),
      )
      expect(answers).toEqual(connections)
    },
  )

  it('reaches the app from the passthrough addresses', async () => {
    await bed.redirect(backend, {}, [`${pod6}/64`])
    const answers = await Promise.all([
      bed.connectFrom('127.0.0.6', uid.proxy, pod, 8080),
      bed.connectFrom('::6', uid.proxy, pod6, 8080),
    ])
    expect(answers.map((answer) => answer.replace(/ from .*/, ''))).toEqual(['app:8080', 'app:8080'])
  })

  it('asks the proxy for names with DNS capture, over UDP and TCP, and the proxy asks outside', async () => {
    const question = { server: near, name: 'shop.example' }
    await bed.redirect(backend, {})
    expect(await bed.app.resolve(question)).toBe('9.9.9.9')
    await bed.redirect(backend, { proxyEnv: { ISTIO_META_DNS_CAPTURE: 'true' } })
    expect(await bed.app.resolve(question)).toBe('1.2.3.4')
    expect(await bed.proxy.resolve(question)).toBe('9.9.9.9')
    expect(await bed.app.connect({ host: near, port: 53 })).toMatch(/^dns:15053 /)
    expect(await bed.proxy.connect({ host: near, port: 53 })).toMatch(/^world:53 /)
    expect(await bed.app.connect({ host: far, port: 80 })).toMatch(/^outbound:15001 /)
  })
})
