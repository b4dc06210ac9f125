// A process inside a pod's network namespace that speaks for a container there: listens, connects, asks DNS.
// Started by endpoint-process.ts; talks to it over the IPC channel.
import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { connect, createServer } from 'node:net'

/** What an endpoint can be told to do; each is answered by one EndpointReply with the same id. */
export type EndpointRequest =
  | { id: number; do: 'listen'; host: string; ports: number[]; says: string }
  | { id: number; do: 'answerDns'; host: string; port: number; address: string }
  | { id: number; do: 'connect'; host: string; port: number }
  | { id: number; do: 'resolve'; server: string; name: string }

export type EndpointReply = { id: number; value?: string; error?: string }

const connectDeadlineMs = 3_000

function listen(host: string, port: number, says: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.end(`${says}:${port} from ${socket.remoteAddress}`)
    })
    server.on('error', reject).listen(port, host, resolve)
  })
}

/** Answers every A question with one address. */
function answerDns(host: string, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    socket.on('message', (query, from) => {
      const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...address.split('.').map(Number)])
      const header = Buffer.from(query.subarray(0, 12))
      header.writeUInt16BE(0x8180, 2)
      header.writeUInt16BE(1, 6)
      header.writeUInt32BE(0, 8)
      socket.send(Buffer.concat([header, question(query), answer]), from.port, from.address)
    })
    socket.on('error', reject).bind(port, host, resolve)
  })
}

/** The first question of a query: labels up to the empty one, type and class. */
function question(query: Buffer): Buffer {
  let end = 12
  while (query[end]) end += (query[end] ?? 0) + 1
  return query.subarray(12, end + 5)
}

/** @returns what the other side said */
function talk(host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let heard = ''
    const socket = connect({ host, port })
    socket.setTimeout(connectDeadlineMs, () => socket.destroy(new Error('no answer')))
    socket.on('data', (chunk) => {
      heard += chunk.toString()
    })
    socket.on('end', () => resolve(heard))
    socket.on('error', reject)
  })
}

async function resolveName(server: string, name: string): Promise<string> {
  const resolver = new Resolver({ timeout: 1_000, tries: 2 })
  resolver.setServers([server])
  return (await resolver.resolve4(name)).join(',')
}

async function perform(request: EndpointRequest): Promise<string> {
  switch (request.do) {
    case 'listen':
      await Promise.all(request.ports.map((port) => listen(request.host, port, request.says)))
      return 'listening'
    case 'answerDns':
      await answerDns(request.host, request.port, request.address)
      return 'listening'
    case 'connect':
      return talk(request.host, request.port)
    case 'resolve':
      return resolveName(request.server, request.name)
  }
}

process.on('message', (request: EndpointRequest) => {
  perform(request).then(
    (value) => process.send?.({ id: request.id, value } satisfies EndpointReply),
    (error: unknown) => process.send?.({ id: request.id, error: String(error) } satisfies EndpointReply),
  )
})
process.on('disconnect', () => process.exit(0))
const uid = Number(process.env.ENDPOINT_UID ?? 0)
if (uid !== 0) {
  process.setgroups?.([])
  process.setgid?.(uid)
  process.setuid?.(uid)
}
process.send?.({ id: 0, value: 'started' } satisfies EndpointReply)
