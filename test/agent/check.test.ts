import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeFlags } from '@istio-install-cni/runtime'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeApiServer } from '../../packages/runtime/src/kube/fake-api-server.ts'
import { distDirectory } from '../../scripts/tools.ts'

let directory: string
let api: FakeApiServer

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'check-'))
  for (const name of ['net', 'bin', 'run']) mkdirSync(join(directory, name))
  const network = { cniVersion: '1.0.0', name: 'pods', plugins: [{ type: 'bridge' }] }
  writeFileSync(join(directory, 'net/10-pods.conflist'), JSON.stringify(network))
  api = await FakeApiServer.start()
})
afterEach(async () => {
  await api.close()
  rmSync(directory, { recursive: true })
})

/** @param confined of setpriv */
function installCni(
  words: readonly string[],
  confined: readonly string[] = [],
  settings: Readonly<Record<string, string>> = {},
): Promise<{ readonly exit: number; readonly stdout: string; readonly stderr: string }> {
  const env = {
    PATH: process.env.PATH,
    MOUNTED_CNI_NET_DIR: join(directory, 'net'),
    MOUNTED_CNI_BIN_DIRS: join(directory, 'bin'),
    CNI_AGENT_RUN_DIR: join(directory, 'run'),
    CNI_BIN_SOURCE_DIR: distDirectory,
    KUBERNETES_SERVICE_HOST: '127.0.0.1',
    KUBERNETES_SERVICE_PORT: String(api.port),
    KUBERNETES_SERVICE_PROTOCOL: 'http',
    NODE_NAME: 'node-1',
    ...settings,
  }
  const agent = [process.execPath, ...nodeFlags, join(distDirectory, 'install-cni.mjs'), ...words]
  return new Promise((resolve) => {
    execFile('setpriv', [...confined, ...agent], { env }, (error, stdout, stderr) =>
      resolve({ exit: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
  })
}

const withoutCapabilities = ['--bounding-set=-all', '--inh-caps=-all']

describe('install-cni check', () => {
  it('finds that an agent could work, and changes nothing', async () => {
    const { exit, stdout } = await installCni(['check'])
    expect(stdout.replaceAll(directory, '').split('\n').slice(0, 6)).toEqual([
      'ok      capabilities  user 0 has NET_ADMIN, NET_RAW, SYS_PTRACE, SYS_ADMIN, DAC_OVERRIDE',
      'ok      mounts        are not required here',
      'ok      directory     /bin can be written',
      'ok      directory     /net can be written',
      'ok      directory     /run can be written',
      'ok      network       10-pods.conflist can be joined',
    ])
    expect(stdout).toMatch(/^ok +kernel +pods can be redirected by iptables/m)
    expect(stdout).toContain(`ok      API server    http://127.0.0.1:${api.port} lists this node's pods\n`)
    expect(exit).toBe(0)
    expect(api.asked.map(({ query }) => query.get('fieldSelector'))).toEqual(['spec.nodeName=node-1'])
  })

  it('finds what an agent would lack', async () => {
    api.fault = (_asked, response) => {
      response.writeHead(403).end()
      return true
    }
    const { exit, stdout } = await installCni(['check'], withoutCapabilities)
    expect(stdout).toMatch(/^FAILED +capabilities +user 0 lacks capabilities:$/m)
    expect(stdout).toMatch(/^FAILED +kernel /m)
    expect(stdout).toMatch(/^FAILED +API server .* answers 403 to a list of this node's pods$/m)
    expect(exit).toBe(1)
  })
})

describe('an agent without a single capability', () => {
  it('does not start, and says which it needs and what to add to the manifest', async () => {
    const { exit, stdout } = await installCni([], withoutCapabilities)
    expect(stdout).toMatch(/SYS_ADMIN: To enter a network namespace/)
    expect(stdout).toContain(
      'capabilities: { add: [NET_ADMIN, NET_RAW, SYS_PTRACE, SYS_ADMIN, DAC_OVERRIDE] }',
    )
    expect(exit).toBe(1)
  })
})

describe('install-cni --version', () => {
  it('tells what the program is made of', async () => {
    const { stdout } = await installCni(['--version'])
    expect(stdout).toMatch(/^install-cni \S+ \(Node v\d+\.\d+\.\d+\)\n/)
    expect(stdout).toMatch(/^commit +[0-9a-f]{40}$/m)
    for (const part of ['Istio', 'QuickJS', 'nft', 'iptables'])
      expect(stdout).toMatch(new RegExp(`^${part} +\\d+(\\.\\d+)+$`, 'm'))
  })
})
