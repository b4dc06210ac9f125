import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { writeKubeconfig } from './kubeconfig.ts'
import { kubeconfigText } from './kubeconfig-text.ts'
import { ScratchNode } from './scratch-node.ts'

const server = {
  kubernetesServiceHost: '10.96.0.1',
  kubernetesServicePort: 443,
  kubernetesServiceProtocol: 'https',
} as const

describe('the kubeconfig', () => {
  it('is written into the net dir with its mode, and left alone while it is right', async () => {
    await using node = await ScratchNode.create()
    const path = node.path('net/ZZZ-istio-cni-kubeconfig')
    expect(await writeKubeconfig(node.settings(), node.account)).toEqual({ done: 'written', path })
    expect(await writeKubeconfig(node.settings(), node.account)).toEqual({ done: 'unchanged', path })
    expect((await stat(path)).mode & 0o7777).toBe(0o600)
    await writeFile(node.path('account/token'), 'rotated\n')
    expect(await writeKubeconfig(node.settings(), node.account)).toEqual({ done: 'written', path })
    expect(parse(await readFile(path, 'utf8')).users[0].user.token).toBe('rotated')
    const readable = node.settings({ KUBECONFIG_MODE: '0640' })
    expect(await writeKubeconfig(readable, node.account)).toEqual({ done: 'written', path })
    expect((await stat(path)).mode & 0o7777).toBe(0o640)
  })

  it("is written to the original's place on request", async () => {
    await using node = await ScratchNode.create()
    await writeKubeconfig(node.settings({ KUBECONFIG_IN_RUN_DIR: 'true' }), node.account)
    expect(await node.list('run')).toEqual(['istio-cni-kubeconfig'])
    expect(await node.list('net')).toEqual([])
  })

  it('is skipped without API server, without service account, and when the node shall hold no credential', async () => {
    await using node = await ScratchNode.create()
    const why = async (env: Record<string, string>) => {
      const outcome = await writeKubeconfig(node.settings(env), node.account)
      return outcome.done === 'skipped' ? outcome.why : outcome.done
    }
    expect(await why({ KUBERNETES_SERVICE_HOST: '' })).toMatch(/KUBERNETES_SERVICE_HOST/)
    expect(await why({ HOST_CREDENTIALS: 'false' })).toMatch(/HOST_CREDENTIALS/)
    await rm(node.path('account/token'))
    expect(await why({})).toMatch(/no service account token/)
    expect(await node.list('net')).toEqual([])
  })

  it('is removed when the node shall hold no credential any more, and nothing that is not ours', async () => {
    await using node = await ScratchNode.create()
    await writeKubeconfig(node.settings(), node.account)
    await writeFile(node.path('run/istio-cni-kubeconfig'), 'of somebody else')
    await writeKubeconfig(node.settings({ HOST_CREDENTIALS: 'false' }), node.account)
    expect(await node.list('net')).toEqual([])
    expect(await node.list('run')).toEqual(['istio-cni-kubeconfig'])
  })

  it('replaces no file of another program, but whatever has its usual name', async () => {
    await using node = await ScratchNode.create()
    const path = node.path('net/calico-kubeconfig')
    await writeFile(path, 'current-context: calico')
    const named = node.settings({ KUBECFG_FILE_NAME: 'calico-kubeconfig' })
    await expect(writeKubeconfig(named, node.account)).rejects.toMatchObject({
      code: 'NAME_TAKEN',
      message: expect.stringContaining('KUBECFG_FILE_NAME'),
    })
    expect(await readFile(path, 'utf8')).toBe('current-context: calico')
    await writeFile(path, '\n')
    expect(await writeKubeconfig(named, node.account)).toEqual({ done: 'written', path })
    expect(await writeKubeconfig(named, node.account)).toEqual({ done: 'unchanged', path })
    await writeFile(node.path('net/ZZZ-istio-cni-kubeconfig'), 'garbage')
    expect(await writeKubeconfig(node.settings(), node.account)).toMatchObject({ done: 'written' })
  })

  it('takes the CA from where it is told, or none', async () => {
    await using node = await ScratchNode.create()
    await writeFile(node.path('ca'), 'other')
    await writeKubeconfig(node.settings({ KUBE_CA_FILE: node.path('ca') }), node.account)
    const path = node.path('net/ZZZ-istio-cni-kubeconfig')
    const { cluster } = parse(await readFile(path, 'utf8')).clusters[0]
    expect(Buffer.from(cluster['certificate-authority-data'], 'base64').toString()).toBe('other')
    await writeKubeconfig(node.settings({ SKIP_TLS_VERIFY: 'true' }), node.account)
    expect(parse(await readFile(path, 'utf8')).clusters[0].cluster).toEqual({
      'insecure-skip-tls-verify': true,
      server: 'https://127.0.0.1:6443',
    })
    const absent = node.settings({ KUBE_CA_FILE: '/nonexistent/ca' })
    await expect(writeKubeconfig(absent, node.account)).rejects.toMatchObject({
      code: 'UNREADABLE',
      message: expect.stringMatching(/\/nonexistent\/ca.*KUBE_CA_FILE/),
    })
  })

  it.each(['eyJhbGciOi.J9.x-_y', 'true', '1e5', '0x1', 'a: b', '- x', '#', 'NULL', '~', 'with "quotes"'])(
    'carries the token %s as a text',
    (token) => {
      expect(parse(kubeconfigText(server, token, undefined)).users[0].user.token).toBe(token)
    },
  )

  it('writes an IPv6 address as a URL wants it', () => {
    const text = kubeconfigText({ ...server, kubernetesServiceHost: 'fd00::1' }, 'T', undefined)
    expect(parse(text).clusters[0].cluster.server).toBe('https://[fd00::1]:443')
  })
})
