import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
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
})
