import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')

function demo(...args: string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(root, 'scripts/demo.ts'), ...args], { cwd: root })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString('utf8')
      })
    }
    child.on('close', (code) => resolve({ code, output }))
  })
}

describe('npm run demo', () => {
  it.each([[[]], [['--native-nftables']]])(
    'shows every connection going where it should, with %j',
    async (args) => {
      const { code, output } = await demo(...args)
      expect(output).not.toContain('✗')
      expect(output).toMatch(/shop\/payments +in to port 8080 +the proxy \(inbound\) +✓/)
      expect(output).toMatch(/shop\/payments +out to 203\.0\.113\.10:5432 +the world +✓/)
      expect(output).toMatch(/shop\/web +DNS question +the proxy \(DNS\) +✓/)
      expect(output).toMatch(/shop\/batch +none +/)
      expect(output).toContain('as it was before')
      expect(code).toBe(0)
    },
  )

  it("takes the user's pod and conflist, also where their plugins are not installed", async () => {
    const directory = await mkdtemp(join(tmpdir(), 'demo-test-'))
    const conflist = join(directory, 'my.conflist')
    const pod = join(directory, 'my-pod.yaml')
    await writeFile(conflist, '{"cniVersion":"0.4.0","name":"mine","plugins":[{"type":"not-installed"}]}')
    await writeFile(
      pod,
      'apiVersion: v1\nkind: Pod\nmetadata: {name: mine}\nspec: {containers: [{name: app, image: app}]}\n',
    )
    const { code, output } = await demo('--pod', pod, '--conflist', conflist)
    await rm(directory, { recursive: true })
    expect(output).toMatch(/default\/mine +none +/)
    expect(output).toMatch(/default\/mine +in to port 8080 +the app/)
    expect(code).toBe(0)
  })

  it('shows pods of every kind: refused, TPROXY, several in one file, files of one name, IPv6', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'demo-test-'))
    const pod = (name: string, annotations: object, ports = [8080]) =>
      JSON.stringify({
        kind: 'Pod',
        metadata: { name, annotations: { 'sidecar.istio.io/status': '{}', ...annotations } },
        spec: {
          containers: [
            { name: 'app', ports: ports.map((containerPort) => ({ containerPort })) },
            { name: 'istio-proxy', args: ['proxy', 'sidecar'] },
          ],
        },
      })
    const file = async (name: string, text: string) => {
      await mkdir(join(directory, name, '..'), { recursive: true })
      await writeFile(join(directory, name), text)
      return ['--pod', join(directory, name)]
    }
    const traffic = 'traffic.sidecar.istio.io'
    // Without the bridge plugin the demo's own pair of interfaces takes its place, with IPv4.
    const { code, output } = await demo(
      ...(await file('one/pod.yaml', pod('refused', { [`${traffic}/excludeOutboundPorts`]: 'http' }))),
      ...(await file(
        'two/pod.yaml',
        `${pod('first', { [`${traffic}/includeInboundPorts`]: '9090' })}
---
${pod('second', { [`${traffic}/includeOutboundIPRanges`]: '2001:db8:b::/48' })}`,
      )),
      ...(await file('tproxy', pod('transparent', { 'sidecar.istio.io/interceptionMode': 'TPROXY' }))),
      '--conflist',
      (await file('six.conflist', JSON.stringify(sixthList)))[1] ?? '',
    )
    await rm(directory, { recursive: true })
    expect(output).toMatch(/default\/refused +refused /)
    expect(output).toMatch(/CNI error 100 pod default\/refused .*excludeOutboundPorts is "http"/)
    expect(output).toMatch(/default\/first +in to port 8080 +the app +✓/)
    expect(output).toMatch(
      /default\/first +out to (?:\[2001:db8:a::10\]|203\.0\.113\.10):80 +the proxy \(outbound\) +✓/,
    )
    expect(output).toMatch(/default\/second +out to (?:\[2001:db8:a::10\]|203\.0\.113\.10):80 +the world +✓/)
    expect(output).toMatch(/default\/transparent +in to port 8080 +the proxy \(inbound\) +✓/)
    expect(code).toBe(0)
  })

  it.each([[[]], [['--native-nftables']]])(
    'shows ambient mode, with %j',
    async (args) => {
      const { code, output } = await demo('--ambient', ...args)
      expect(output).not.toContain('✗')
      expect(output).toMatch(/shop\/web +10\.88\.\S+ +[1-9]/)
      expect(output).toMatch(/web → reviews:8080 +15001 → 15008 → reviews +10\.88\.\S+ +✓/)
      expect(output).toMatch(/web: DNS question +15053 +✓/)
      expect(output).toMatch(/the node → web:8080 +web +169\.254\.7\.127 +✓/)
      expect(output).toMatch(/batch → the world:80 +the world +10\.88\.\S+ +✓/)
      expect(output).toMatch(/after \d+ s the rules are back/)
      expect(output).toContain('as it was before')
      expect(code).toBe(0)
    },
    // The flushed rules come back when the agent's round comes to them.
    180_000,
  )

  it("does not take the user's pods into the demo of ambient mode", async () => {
    const { code, output } = await demo('--ambient', '--pod', import.meta.filename)
    expect(output).toMatch(/has pods and a conflist of its own\nusage:/)
    expect(code).toBe(2)
  })

  it.each([
    ['a file that is not there', undefined, /cannot be read/],
    ['no pod', 'kind: Deployment', /pod\.yaml: it holds no object of kind Pod/],
    ['a pod without a name', 'kind: Pod\nmetadata: {generateName: a-}', /field "metadata.name"/],
    ['no YAML', 'a: [', /pod\.yaml: Flow sequence/],
  ])('says what is wrong with %s', async (_what, text, message) => {
    const directory = await mkdtemp(join(tmpdir(), 'demo-test-'))
    if (text !== undefined) await writeFile(join(directory, 'pod.yaml'), text)
    const { code, output } = await demo('--pod', join(directory, 'pod.yaml'))
    await rm(directory, { recursive: true })
    expect(output).toMatch(message)
    expect(code).not.toBe(0)
  })
})

const sixthList = {
  cniVersion: '1.0.0',
  name: 'six',
  plugins: [
    {
      type: 'bridge',
      bridge: 'cni6',
      isGateway: true,
      ipam: { type: 'host-local', ranges: [[{ subnet: 'fd00:88::/64' }]], routes: [{ dst: '::/0' }] },
    },
  ],
}
