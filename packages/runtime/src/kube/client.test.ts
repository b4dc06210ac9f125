import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ApiClient } from './client.ts'
import { authority, certificate, privateKey } from './tls.fixture.ts'

describe('ApiClient over TLS', () => {
  const server = createServer({ key: privateKey, cert: certificate }, (request, response) =>
    response.end(request.headers.authorization),
  )
  let directory: string

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'client-'))
    await writeFile(join(directory, 'token'), 'secret\n')
    await writeFile(join(directory, 'right.crt'), authority)
    // A valid certificate of somebody who has not signed the server's.
    await writeFile(join(directory, 'wrong.crt'), certificate)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  })
  afterAll(async () => {
    server.close()
    await rm(directory, { recursive: true })
  })

  async function ask(authorityFile: string, skipTlsVerify = false): Promise<string> {
    const counted: string[] = []
    const client = new ApiClient(
      {
        protocol: 'https',
        host: '127.0.0.1',
        port: (server.address() as AddressInfo).port,
        tokenFile: join(directory, 'token'),
        authorityFile: join(directory, authorityFile),
        skipTlsVerify,
      },
      (verb, code) => counted.push(`${verb} ${code}`),
    )
    try {
      const { body } = await client.call({ verb: 'get', path: '/', deadlineMs: 5_000 })
      return `${counted} ${body}`
    } finally {
      client.close()
    }
  }

  it("shows its token to a server whose certificate the cluster's authority signed", async () => {
    expect(await ask('right.crt')).toBe('get 200 Bearer secret')
  })

  it('shows it to nobody else', async () => {
    await expect(ask('wrong.crt')).rejects.toThrow(
      /API server 127\.0\.0\.1:\d+: GET \/ failed: .*certificate/,
    )
  })

  it('asks anybody when it is told not to verify', async () => {
    expect(await ask('none.crt', true)).toBe('get 200 Bearer secret')
  })
})
