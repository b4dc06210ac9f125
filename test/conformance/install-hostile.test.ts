import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { temporaryPrefix } from '../../packages/runtime/src/install/files.ts'
import { Installer } from '../../packages/runtime/src/install/installer.ts'
import type { Readiness } from '../../packages/runtime/src/install/readiness.ts'
import {
  eventually,
  recordingLog,
  ScratchNode,
  workingPlugin,
} from '../../packages/runtime/src/install/scratch-node.ts'

const program = join(import.meta.dirname, 'install-process.ts')
const list = { cniVersion: '1.0.0', name: 'pods', plugins: [{ type: 'bridge', bridge: 'cni0' }] }

/** The installer as a process on `node`; `mounts` are shell commands in a mount namespace of its own. */
function run(
  node: ScratchNode,
  { mounts = '', env = {} }: { mounts?: string; env?: Record<string, string> } = {},
) {
  const child = spawn(
    'unshare',
    ['-m', 'sh', '-ec', `${mounts}\nexec "$0" "$1"`, process.execPath, program],
    {
      env: {
        PATH: process.env.PATH ?? '',
        MOUNTED_CNI_NET_DIR: node.path('net'),
        MOUNTED_CNI_BIN_DIRS: node.path('bin'),
        CNI_AGENT_RUN_DIR: node.path('run'),
        CNI_BIN_SOURCE_DIR: node.path('image'),
        KUBERNETES_SERVICE_HOST: '127.0.0.1',
        POD_NAMESPACE: 'istio-system',
        REQUIRE_HOST_MOUNTS: 'false',
        SERVICE_ACCOUNT: node.account,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let latest: Readiness | undefined
  createInterface({ input: child.stdout }).on('line', (line) => {
    latest = JSON.parse(line)
  })
  return {
    child,
    latest: () => latest,
    /** A file as the process sees it, in its own mount namespace. */
    inside: (name: string) => join(`/proc/${child.pid}/root`, node.path(name)),
    [Symbol.asyncDispose]: () => kill(child),
  }
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit')
  if (child.kill('SIGKILL')) await gone
}

describe('an installer on a node in a bad state', () => {
  it('names the platform setting when the bin dir is read-only, and changes no network configuration', async () => {
    await using node = await ScratchNode.create()
    await node.write('10-pods.conflist', list)
    await using agent = run(node, { mounts: `mount -t tmpfs -o ro none ${node.path('bin')}` })
    await eventually(() =>
      expect(agent.latest()).toMatchObject({ ready: false, reasons: [expect.any(String)] }),
    )
    expect(agent.latest()?.reasons[0]).toMatch(
      /bin\/istio-cni: the file system is read-only.*global\.platform.*cniBinDir/,
    )
    expect(await node.read('10-pods.conflist')).toEqual(list)
  })

  it('tears no file when the net dir is full, says which and why, and goes on when there is room', async () => {
    await using node = await ScratchNode.create()
    const net = node.path('net')
    await node.write('10-pods.conflist', { ...list, filling: 'x'.repeat(6000) })
    const before = await readFile(join(net, '10-pods.conflist'), 'utf8')
    const mounts = `cp ${net}/10-pods.conflist ${node.root}/saved
      mount -t tmpfs -o size=64k none ${net}
      cp ${node.root}/saved ${net}/10-pods.conflist
      dd if=/dev/zero of=${net}/filling bs=1k status=none 2>/dev/null || true`
    await using agent = run(node, { mounts })
    const full = expect.stringMatching(/^cannot write .*net\/\S+: no space left on the device/)
    await eventually(() => expect(agent.latest()).toMatchObject({ ready: false, reasons: [full] }))
    expect(readFileSync(agent.inside('net/10-pods.conflist'), 'utf8')).toBe(before)
    expect((await readdir(agent.inside('net'))).sort()).toEqual([
      '.istio-cni-owner',
      '10-pods.conflist',
      'filling',
    ])
    await rm(agent.inside('net/filling'))
    await eventually(() => expect(agent.latest()).toMatchObject({ ready: true, reasons: [] }), 15_000)
    expect(readFileSync(agent.inside('net/10-pods.conflist'), 'utf8')).toContain('"istio-cni"')
  })

  it('never leaves a torn file when it is killed, and the next start repairs and cleans up', async () => {
    await using node = await ScratchNode.create()
    const plugin = `${workingPlugin}exit\n${'#'.repeat(2_000_000)}`
    await writeFile(node.path('image/istio-cni'), plugin)
    const large = node.path('large')
    await writeFile(large, JSON.stringify({ ...list, filling: 'x'.repeat(300_000) }))
    for (let round = 0; round < 12; round += 1) {
      await using agent = run(node, { env: { CHURN: large } })
      await eventually(() => expect(agent.latest()).toBeDefined())
      await delay(Math.random() * 120)
      await kill(agent.child)
      await expectWhole(node, plugin)
    }
    const installer = new Installer({
      settings: node.settings(),
      log: recordingLog(),
      serviceAccountDir: node.account,
    })
    await installer.start()
    await installer.stop({ uninstall: false })
    expect(await readFile(node.path('bin/istio-cni'), 'utf8')).toBe(plugin)
    expect(await node.list('net')).toEqual(['10-pods.conflist', 'ZZZ-istio-cni-kubeconfig'])
    expect(await node.list('bin')).toEqual(['istio-cni'])
    expect(await node.read('10-pods.conflist')).toMatchObject({
      plugins: [{ type: 'bridge' }, { type: 'istio-cni' }],
    })
  })

  it('agrees with a second installer, as during an upgrade', async () => {
    await using node = await ScratchNode.create()
    await node.write('10-pods.conf', { cniVersion: '0.3.1', name: 'pods', type: 'bridge' })
    const options = { settings: node.settings(), log: recordingLog(), serviceAccountDir: node.account }
    const installers = [1, 2, 3].map(() => new Installer(options))
    await Promise.all(installers.map((installer) => installer.start()))
    await eventually(() =>
      expect(installers.map((installer) => installer.readiness().ready)).toEqual([true, true, true]),
    )
    await Promise.all(installers.map((installer) => installer.stop({ uninstall: false })))
    expect(await node.read('10-pods.conflist')).toMatchObject({
      plugins: [{ type: 'bridge' }, { type: 'istio-cni' }],
    })
    expect(await node.list('net')).toEqual(['10-pods.conflist', 'ZZZ-istio-cni-kubeconfig'])
  })
})

/** Every file that a runtime or the plugin could open is there as a whole, or not at all. */
async function expectWhole(node: ScratchNode, plugin: string): Promise<void> {
  for (const name of (await node.list('net')).filter((each) => !each.startsWith(temporaryPrefix))) {
    const text = await readFile(join(node.path('net'), name), 'utf8')
    if (name === 'ZZZ-istio-cni-kubeconfig') expect(parse(text).users[0].user.token).toMatch(/^token-\d+$/)
    else expect(JSON.parse(text)).toMatchObject({ name: 'pods', filling: expect.any(String) })
  }
  const binaries = (await node.list('bin')).filter((each) => !each.startsWith(temporaryPrefix))
  for (const name of binaries) expect(await readFile(node.path(`bin/${name}`), 'utf8')).toBe(plugin)
  // The churn, like the installer, puts the binary there before the entry and removes it after it.
  const runsUs = JSON.stringify(await node.netDir()).includes('"istio-cni"')
  expect(binaries).toEqual(runsUs ? ['istio-cni'] : binaries.filter((name) => name === 'istio-cni'))
}
