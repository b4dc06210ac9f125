import { once } from 'node:events'
import { copyFile, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkNode } from './check-node.ts'
import { ScratchNode } from './install/scratch-node.ts'

let node: ScratchNode
let server: Server
let answer: RequestListener
const asked: unknown[] = []

beforeEach(async () => {
  node = await ScratchNode.create()
  answer = (_request, response) => response.end('{"decision":"none","because":"the agent is ready"}')
  server = createServer((request, response) => {
    asked.push([request.method, request.url])
    answer(request, response)
  })
  await once(server.listen(node.path('run/pluginevent.sock')), 'listening')
  await node.write('10-pods.conflist', conflist('bridge', 'istio-cni'))
  await node.write('ZZZ-istio-cni-kubeconfig', 'kind: Config')
  await copyFile(node.path('image/istio-cni'), node.path('bin/istio-cni'))
})
afterEach(async () => {
  server.close()
  await node[Symbol.asyncDispose]()
})

const conflist = (...types: string[]) => ({
  cniVersion: '1.0.0',
  name: 'pods',
  plugins: types.map((type) => ({ type })),
})

const check = async (env: Record<string, string> = {}, seconds = '0') => {
  const { isGood, text } = await checkNode([seconds], node.settings(env))
  return { isGood, lines: text.replaceAll(node.root, '').trimEnd().split('\n') }
}

describe('the check of a node', () => {
  it('finds agent, network configuration, plugin and credentials in order', async () => {
    expect(await check()).toEqual({
      isGood: true,
      lines: [
        'ok      agent        is ready',
        'ok      network      10-pods.conflist runs istio-cni',
        "ok      plugin       /bin/istio-cni is this image's and answers; CNI 1.1.0",
        'ok      credentials  /net/ZZZ-istio-cni-kubeconfig is there',
      ],
    })
    expect(asked).toEqual([['POST', '/cmdstatus']])
  })

  it("tells the agent's reasons for not being ready", async () => {
    answer = (_request, response) => {
      response.writeHead(500).end('{"code":50,"msg":"the agent is not ready","details":"no nft\\nno pods"}')
    }
    expect(await check()).toMatchObject({
      isGood: false,
      lines: { 0: 'FAILED  agent        the agent is not ready; no nft; no pods' },
    })
  })

  it.each<[string, RequestListener]>([
    ['other than ours', (_request, response) => response.writeHead(404).end('not found')],
    ['too long', (_request, response) => response.writeHead(500).end('x'.repeat(100_000))],
    ['broken off', (_request, response) => response.destroy()],
  ])('is not content with an answer that is %s', async (_kind, listener) => {
    answer = listener
    const { isGood, lines } = await check()
    expect([isGood, lines[0]]).toEqual([
      false,
      expect.stringMatching(/^FAILED {2}agent .*\/run\/pluginevent.sock/),
    ])
  })

  it('misses an agent that is not there', async () => {
    server.close()
    expect((await check()).lines[0]).toMatch(
      /^FAILED {2}agent {8}no agent answers at .*pluginevent.sock: .*ENOENT/,
    )
  })

  it('misses our plugin in the network that the runtime uses, though another file has it', async () => {
    await node.write('05-new.conflist', conflist('bridge'))
    expect((await check()).lines[1]).toBe('FAILED  network      05-new.conflist does not run istio-cni')
  })

  it('looks at the network that CNI_CONF_NAME names, and at the own one without a chain', async () => {
    await node.write('05-new.conflist', conflist('bridge'))
    expect(await check({ CNI_CONF_NAME: '10-pods.conflist' })).toMatchObject({ isGood: true })
    await node.write('YYY-istio-cni.conf', { cniVersion: '0.3.1', name: 'istio-cni', type: 'istio-cni' })
    expect(await check({ CHAINED_CNI_PLUGIN: 'false' })).toMatchObject({
      isGood: true,
      lines: { 1: 'ok      network      YYY-istio-cni.conf runs istio-cni' },
    })
  })

  it('looks at the network that is first where ours is a copy of it', async () => {
    await node.write('10-pods.conflist', conflist('bridge'))
    const owned = { ISTIO_OWNED_CNI_CONFIG: 'true', CNI_CONF_NAME: '10-pods.conflist' }
    expect(await check(owned)).toMatchObject({ isGood: false })
    await node.write('02-istio-cni.conflist', conflist('bridge', 'istio-cni'))
    expect(await check(owned)).toMatchObject({ isGood: true })
  })

  it('misses a network where the directory has none', async () => {
    await node.write('10-pods.conflist', 'garbage')
    expect((await check()).lines[1]).toMatch(/has no network configuration that can be used$/)
  })

  it('misses a plugin that is another one', async () => {
    await writeFile(node.path('bin/istio-cni'), 'other')
    expect((await check()).lines[2]).toBe(
      'FAILED  plugin       /bin/istio-cni is not the plugin of this image',
    )
  })

  it('misses a kubeconfig only where there should be one', async () => {
    await node.write('ZZZ-istio-cni-kubeconfig', 'kind: Config')
    expect((await check({ KUBECFG_FILE_NAME: 'other' })).lines[3]).toMatch(/^FAILED {2}credentials .*ENOENT/)
    expect(await check({ HOST_CREDENTIALS: 'false' })).toMatchObject({ isGood: true, lines: { length: 3 } })
  })

  it('waits for an agent that becomes ready within the given time', async () => {
    const ready = answer
    answer = (_request, response) => {
      response.writeHead(503).end()
      answer = ready
    }
    expect(await check({}, '30')).toMatchObject({ isGood: true })
  })

  it.each([['-1'], ['601'], ['1', '2']])('refuses the arguments %j', async (...args) => {
    await expect(checkNode(args, node.settings())).rejects.toThrow(/^usage: install-cni check-node/)
  })
})
