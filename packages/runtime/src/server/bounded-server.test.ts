import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { BoundedServer } from './bounded-server.ts'

const patience = { requests: 20, answers: 200 }
let server: BoundedServer
afterEach(() => server.stop())

async function serve(listener: RequestListener, connections = 10): Promise<void> {
  server = new BoundedServer({ connections, patience }, listener)
  await once(server.listen(0, '127.0.0.1'), 'listening')
}

async function client(text: string): Promise<{ socket: Socket; answer: Promise<string> }> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  let heard = ''
  socket.on('data', (chunk) => {
    heard += chunk.toString()
  })
  socket.on('error', () => {})
  socket.write(text)
  await once(socket, 'connect')
  return { socket, answer: new Promise((resolve) => socket.on('close', () => resolve(heard))) }
}

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const half = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf'

describe('a bounded server that stops', () => {
  it('waits neither for a client that says nothing nor for one that stops in the middle', async () => {
    await serve((request, response) => {
      request.on('end', () => response.end())
      request.resume()
    })
    const clients = await Promise.all(['', 'GET / HT', half, get].map(client))
    await once(server, 'request')
    await server.stop()
    await Promise.all(clients.map(({ answer }) => answer))
  })

  it('gives the answers that are due, also to a client that it had to wait for', async () => {
    const { promise: mayAnswer, resolve } = Promise.withResolvers<void>()
    await serve(async (_request, response) => {
      await mayAnswer
      response.end('answer')
    })
    const { answer } = await client(get)
    await once(server, 'request')
    const stopped = server.stop()
    setTimeout(resolve, patience.requests * 3)
    expect(await answer).toMatch(/200 OK(?:.|\n|\r)*answer/)
    await stopped
  })

  it('ends although an answer never comes', async () => {
    await serve(() => {})
    const { answer } = await client(get)
    await once(server, 'request')
    await server.stop()
    expect(await answer).toBe('')
  })
})

describe('a bounded server', () => {
  it('closes what is more than its number of connections', async () => {
    await serve((_request, response) => response.end('answer'), 2)
    const first = await Promise.all([client(''), client('')])
    const third = await client(get)
    expect(await third.answer).toBe('')
    first[0].socket.end()
    await first[0].answer
    await expect
      .poll(async () => (await client(get.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))).answer)
      .toMatch(/answer/)
  })

  it('survives an answer that fails, and ends its connection', async () => {
    await serve(() => Promise.reject(new Error('failed')) as unknown as undefined)
    expect(await (await client(get)).answer).toBe('')
    expect(server.listening).toBe(true)
  })

  it('has bounds on the time of headers and of requests, and survives errors of its socket', async () => {
    await serve(() => {})
    expect(server.headersTimeout).toBeLessThanOrEqual(5_000)
    expect(server.requestTimeout).toBeLessThanOrEqual(10_000)
    server.emit('error', new Error('accept EMFILE'))
  })
})
