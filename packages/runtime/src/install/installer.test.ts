import { access, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryPrefix } from './files.ts'
import { Installer, type InstallerOptions } from './installer.ts'
import { uninstallIntended } from './intent.ts'
import { planNetwork, settle } from './network.ts'
import type { InstallResult } from './readiness.ts'
import { eventually, recordingLog, ScratchNode } from './scratch-node.ts'

const bridge = { type: 'bridge', bridge: 'cni0' }
const list = { cniVersion: '1.0.0', name: 'pods', plugins: [bridge] }

/** A node with an agent on it, and what the agent said. */
async function agentOn(
  node: ScratchNode,
  env: Record<string, string> = {},
  more: Partial<InstallerOptions> = {},
) {
  const log = recordingLog()
  const counted: InstallResult[] = []
  const gauge: boolean[] = []
  const metrics = {
    installed: (result: InstallResult) => counted.push(result),
    ready: (ready: boolean) => gauge.push(ready),
    rewritten: () => {},
  }
  const settings = node.settings(env)
  const installer = new Installer({ settings, log, metrics, serviceAccountDir: node.account, ...more })
  await installer.start()
  return {
    installer,
    settings,
    counted,
    gauge,
    text: () =>
      log.lines
        .map(({ level, message, fields }) => `${level} ${message} ${JSON.stringify(fields)}`)
        .join('\n'),
    ready: () => eventually(() => expect(installer.readiness()).toMatchObject({ ready: true, reasons: [] })),
    [Symbol.asyncDispose]: async () => {
      await installer.stop({ uninstall: false })
    },
  }
}

async function types(node: ScratchNode, name = '10-pods.conflist'): Promise<unknown[]> {
  const { plugins } = (await node.read(name)) as { plugins: { type: string }[] }
  return plugins.map(({ type }) => type)
}

describe('Installer', () => {
  it('installs everything before it says so, and counts it once', async () => {
    await using node = await ScratchNode.create()
    await node.write('10-pods.conflist', list)
    await using agent = await agentOn(node)
    expect(agent.installer.readiness()).toEqual({ ready: true, reasons: [], warnings: [] })
    expect(await types(node)).toEqual(['bridge', 'istio-cni'])
    expect(await node.list('bin')).toEqual(['istio-cni'])
    expect(agent.counted).toEqual(['SUCCESS'])
    expect(agent.gauge).toEqual([false, true])
    expect(agent.text()).toMatch(/info copied the plugin/)
  })

  it('never writes the token into the log', async () => {
    await using node = await ScratchNode.create()
    await writeFile(join(node.account, 'token'), 'very.secret.token')
    await node.write('10-pods.conflist', list)
    await using agent = await agentOn(node, {})
    expect(await readFile(node.path('net/ZZZ-istio-cni-kubeconfig'), 'utf8')).toContain('very.secret.token')
    expect(agent.text()).not.toContain('secret')
  })

  it("writes the pod's token at once, the node's as soon as there is one, and the pod's again without it", async () => {
    await using node = await ScratchNode.create()
    await node.write('10-pods.conflist', list)
    let token: string | undefined
    let changed = () => {}
    const nodeToken = { current: () => token, onChange: (listener: () => void) => (changed = listener) }
    await using agent = await agentOn(node, {}, { nodeToken })
    const path = node.path('net/ZZZ-istio-cni-kubeconfig')
    const kubeconfigHas = (text: string) =>
      eventually(async () => expect(await readFile(path, 'utf8')).toContain(`token: ${text}\n`))
    await kubeconfigHas('TOKEN')
    for (const [next, expected] of [
      ['very.secret.one', 'very.secret.one'],
      [undefined, 'TOKEN'],
    ] as const) {
      token = next
      changed()
      await kubeconfigHas(expected)
    }
    expect(agent.text()).not.toContain('secret')
    token = 'very.secret.two'
    changed()
    await kubeconfigHas('very.secret.two')
    await agent.installer.stop({ uninstall: true })
    changed()
    expect(await node.list('net')).toEqual(['10-pods.conflist'])
  })

  it('repairs what others change, without ever being unready for it', async () => {
    await using node = await ScratchNode.create()
    await node.write('10-pods.conflist', list)
    await using agent = await agentOn(node)
    await rm(node.path('bin/istio-cni'))
    await eventually(() => access(node.path('bin/istio-cni')))
    await rm(node.path('net/ZZZ-istio-cni-kubeconfig'))
    await eventually(() => access(node.path('net/ZZZ-istio-cni-kubeconfig')))
    await writeFile(join(node.account, 'token'), 'rotated')
    await eventually(async () =>
      expect(await readFile(node.path('net/ZZZ-istio-cni-kubeconfig'), 'utf8')).toContain('token: rotated'),
    )
    await node.write('10-pods.conflist', { ...list, plugins: [{ ...bridge, mtu: 1400 }] }, 0o644)
    await eventually(async () => expect(await types(node)).toEqual(['bridge', 'istio-cni']))
    expect(await node.read('10-pods.conflist')).toMatchObject({ plugins: [{ mtu: expect.anything() }, {}] })
    expect(agent.gauge).toEqual([false, true])
  })

  it('follows a CA that stands somewhere else', async () => {
    await using node = await ScratchNode.create()
    await node.write('10-pods.conflist', list)
    await mkdir(node.path('authority'))
    await writeFile(node.path('authority/ca.crt'), 'first')
    await using _agent = await agentOn(node, { KUBE_CA_FILE: node.path('authority/ca.crt') })
    await writeFile(node.path('authority/ca.crt'), 'second')
    const second = Buffer.from('second').toString('base64')
    await eventually(async () =>
      expect(await readFile(node.path('net/ZZZ-istio-cni-kubeconfig'), 'utf8')).toContain(second),
    )
  })

  it('waits for a network configuration and says so', async () => {
    await using node = await ScratchNode.create()
    await using agent = await agentOn(node)
    expect(agent.installer.readiness().reasons).toEqual([
      `waiting in ${node.path('net')}: no network configuration yet`,
    ])
    expect(agent.counted).toEqual([])
    await node.write('10-pods.conflist', list)
    await agent.ready()
  })

  it('stays ready while another program writes its file in two steps', async () => {
    await using node = await ScratchNode.create()
    await node.write('10-pods.conflist', list)
    await using agent = await agentOn(node)
    await node.write('10-pods.conflist', '')
    await eventually(async () => expect(await node.list('net')).not.toContain('never'))
    await node.write('10-pods.conflist', list)
    await eventually(async () => expect(await types(node)).toEqual(['bridge', 'istio-cni']))
    expect(agent.gauge).toEqual([false, true])
  })

  it.each([
    [
      'a broken plugin',
      (node: ScratchNode) => writeFile(node.path('image/istio-cni'), 'no program'),
      'COPY_BINARIES_FAILURE',
      /does not run/,
    ],
    [
      'a missing CA',
      (node: ScratchNode) => rm(join(node.account, 'ca.crt')),
      'CREATE_KUBECONFIG_FAILURE',
      /CA certificate/,
    ],
    [
      'an absent net dir',
      (node: ScratchNode) => rm(node.path('net'), { recursive: true }),
      'CREATE_KUBECONFIG_FAILURE',
      /net/,
    ],
  ])('is not ready with %s, tells why, and gets over it', async (_what, spoil, result, why) => {
    await using node = await ScratchNode.create()
    await spoil(node)
    await using agent = await agentOn(node)
    expect(agent.installer.readiness()).toMatchObject({ ready: false, reasons: [expect.stringMatching(why)] })
    expect(agent.counted).toEqual([result])
    expect(agent.text()).toMatch(/error failed to install/)
  })

  it('gets over a failure that goes away', async () => {
    await using node = await ScratchNode.create()
    await node.write('10-pods.conflist', list)
    const plugin = await readFile(node.path('image/istio-cni'))
    await rm(node.path('image/istio-cni'))
    await using agent = await agentOn(node)
    expect(await types(node)).toEqual(['bridge'])
    await writeFile(node.path('image/istio-cni'), plugin, { mode: 0o755 })
    await agent.ready()
    expect(await types(node)).toEqual(['bridge', 'istio-cni'])
  })

  it('installs nothing into its own container', async () => {
    await using node = await ScratchNode.create()
    await node.write('10-pods.conflist', list)
    await writeFile(node.path('mountinfo'), '1 0 0:50 / / rw - overlay overlay rw\n')
    await using agent = await agentOn(
      node,
      { REQUIRE_HOST_MOUNTS: 'auto' },
      { mountinfoPath: node.path('mountinfo') },
    )
    expect(agent.installer.readiness().reasons).toEqual([
      expect.stringMatching(/not mounted.*volumeMounts:/s),
    ])
    expect(await node.list('bin')).toEqual([])
    expect(await types(node)).toEqual(['bridge'])
    // The YAML in lines of the log, as it is to be copied.
    expect(agent.text()).toMatch(/^error failed to install .*not mounted/m)
    expect(agent.text()).toMatch(/^error {8} - name: cni-bin-dir {}$/m)
  })

  it('takes no place in its own container either, before it installs', async () => {
    await using node = await ScratchNode.create()
    await writeFile(node.path('mountinfo'), '1 0 0:50 / / rw - overlay overlay rw\n')
    const settings = node.settings({ REQUIRE_HOST_MOUNTS: 'auto' })
    const installer = new Installer({
      settings,
      log: recordingLog(),
      serviceAccountDir: node.account,
      mountinfoPath: node.path('mountinfo'),
    })
    await installer.waitForNode()
    expect(await readdir(node.path('net'))).toEqual([])
    await installer.stop({ uninstall: false })
  })

  it('refuses a primary that is a link out of the directory and leaves its target alone', async () => {
    await using node = await ScratchNode.create()
    await writeFile(node.path('run/elsewhere'), JSON.stringify(list))
    await symlink(node.path('run/elsewhere'), node.path('net/10-pods.conflist'))
    await using agent = await agentOn(node)
    expect(agent.installer.readiness().reasons[0]).toMatch(/10-pods.conflist.*symbolic link/)
    expect(await readFile(node.path('run/elsewhere'), 'utf8')).toBe(JSON.stringify(list))
  })

  it('writes through a link within the directory', async () => {
    await using node = await ScratchNode.create()
    await node.write('pods.real', list)
    await symlink('pods.real', node.path('net/10-pods.conflist'))
    await using _agent = await agentOn(node)
    expect(await types(node, 'pods.real')).toEqual(['bridge', 'istio-cni'])
  })

  it('uses the configuration of CNI_NETWORK_CONFIG', async () => {
    await using node = await ScratchNode.create()
    await node.write('10-pods.conflist', list)
    const template =
      '{"cniVersion":"0.3.1","plugin_log_level":"__LOG_LEVEL__","node":"__KUBERNETES_NODE_NAME__","n":1}'
    await using _agent = await agentOn(node, { CNI_NETWORK_CONFIG: template, LOG_LEVEL: 'debug' })
    const { plugins } = (await node.read('10-pods.conflist')) as { plugins: Record<string, unknown>[] }
    expect(plugins[1]).toMatchObject({
      plugin_log_level: 'debug',
      node: expect.stringMatching(/^[^_]+/),
      type: 'istio-cni',
    })
    expect(plugins[1]).not.toHaveProperty('cniVersion')
  })

  it('warns of a configuration that comes before ours and stays ready', async () => {
    await using node = await ScratchNode.create()
    await node.write('10-pods.conflist', list)
    await using agent = await agentOn(node)
    await node.write('05-new.conflist', list)
    await eventually(() =>
      expect(agent.installer.readiness()).toMatchObject({
        ready: true,
        warnings: [expect.stringMatching(/05-new.conflist sorts before 10-pods.conflist/)],
      }),
    )
    expect(await types(node, '05-new.conflist')).toEqual(['bridge'])
  })

  it('follows the runtime to that configuration when it stays', async () => {
    await using node = await ScratchNode.create()
    await node.write('10-pods.conflist', list)
    let clock = 0
    await using agent = await agentOn(node, {}, { now: () => clock })
    await node.write('05-new.conflist', list)
    await eventually(() => expect(agent.installer.readiness().warnings).toHaveLength(1))
    clock += 15_000
    await node.write('changes', 'the directory')
    await eventually(async () =>
      expect(await types(node, '05-new.conflist')).toEqual(['bridge', 'istio-cni']),
    )
    await eventually(() => expect(agent.installer.readiness().warnings).toEqual([]))
  })

  it('slows down in a fight, logs it once, tells of each of its rounds, and names the setting when Cilium is the other', async () => {
    await using node = await ScratchNode.create()
    await node.write('05-cilium.conflist', list)
    const fought: string[] = []
    await using agent = await agentOn(node, {}, { fought: (message) => fought.push(message) })
    const undo = async () => {
      await eventually(async () => expect(await types(node, '05-cilium.conflist')).toContain('istio-cni'))
      await node.write('next', list)
      await rename(node.path('net/next'), node.path('net/05-cilium.conflist'))
    }
    for (let round = 0; round < 6; round += 1) await undo()
    await eventually(() =>
      expect(agent.installer.readiness()).toMatchObject({
        ready: false,
        reasons: [expect.stringMatching(/05-cilium.conflist 6 times.*cni.exclusive=false/)],
      }),
    )
    await agent.ready()
    expect(agent.installer.readiness().warnings).toHaveLength(1)
    expect(fought).toEqual([expect.stringMatching(/05-cilium.conflist 6 times.*cni.exclusive=false/)])
    await undo()
    await eventually(() => expect(fought[1]).toMatch(/7 times/))
    expect(agent.text().match(/warn another program removed/g)).toHaveLength(1)
  })
})

describe('a file that changes between read and write', () => {
  it('is read again: neither change is lost', async () => {
    await using node = await ScratchNode.create()
    await node.write('10-pods.conflist', list)
    let changes = 0
    await settle(
      node.path('net'),
      async () => {
        const { plan } = await planNetwork(node.settings(), { type: 'istio-cni' }, undefined)
        if (plan.outcome !== 'install') throw new Error(plan.outcome)
        changes += 1
        if (changes < 4)
          await node.write('10-pods.conflist', {
            ...list,
            plugins: [{ ...bridge, changes: 'x'.repeat(changes) }],
          })
        return plan
      },
      () => {},
    )
    expect(await node.read('10-pods.conflist')).toEqual({
      ...list,
      plugins: [{ ...bridge, changes: 'xxx' }, { type: 'istio-cni' }],
    })
  })
})

describe('stopping', () => {
  it('leaves everything in place, and a restart finds nothing to do', async () => {
    await using node = await ScratchNode.create()
    await node.write('10-pods.conflist', list)
    const first = await agentOn(node)
    await first.installer.stop({ uninstall: await uninstallIntended(first.settings) })
    const { mtimeMs } = await stat(node.path('net/10-pods.conflist'))
    expect(await types(node)).toEqual(['bridge', 'istio-cni'])
    await using second = await agentOn(node)
    expect(second.installer.readiness().ready).toBe(true)
    expect((await stat(node.path('net/10-pods.conflist'))).mtimeMs).toBe(mtimeMs)
  })

  it('does not repair any more', async () => {
    await using node = await ScratchNode.create()
    await node.write('10-pods.conflist', list)
    const agent = await agentOn(node)
    await agent.installer.stop({ uninstall: false })
    await node.write('10-pods.conflist', list)
    await agent.installer.stop({ uninstall: false })
    expect(await types(node)).toEqual(['bridge'])
    expect(agent.gauge.at(-1)).toBe(false)
  })

  it('uninstalls by setting, and once by a marker file in the run dir', async () => {
    await using node = await ScratchNode.create()
    expect(await uninstallIntended(node.settings({ UNINSTALL_ON_STOP: 'true' }))).toBe(true)
    expect(await uninstallIntended(node.settings({ AMBIENT_DISABLE_SAFE_UPGRADE: 'true' }))).toBe(true)
    expect(await uninstallIntended(node.settings())).toBe(false)
    await writeFile(node.path('run/uninstall'), '')
    await node.write('10-pods.conflist', list)
    const agent = await agentOn(node)
    expect(await uninstallIntended(agent.settings)).toBe(true)
    await agent.installer.stop({ uninstall: true })
    expect(await node.read('10-pods.conflist')).toEqual(list)
    expect(await uninstallIntended(agent.settings)).toBe(false)
  })
})

describe('uninstalling', () => {
  it('leaves the node as if we had never been there', async () => {
    await using node = await ScratchNode.create()
    await node.write('10-pods.conflist', JSON.stringify(list, null, 4))
    const before = await node.netDir()
    const agent = await agentOn(node, {})
    for (const name of ['pluginevent.sock', 'log.sock']) await writeFile(node.path(`run/${name}`), '')
    await writeFile(node.path('run/istio-cni-kubeconfig'), 'left by the original')
    expect(await agent.installer.stop({ uninstall: true })).toEqual({ kept: [] })
    expect(await node.netDir()).toEqual(before)
    expect(await node.list('bin')).toEqual([])
    expect(await node.list('run')).toEqual([])
  })

  it('leaves what only has the names of ours', async () => {
    await using node = await ScratchNode.create()
    await node.write('10-pods.conflist', list)
    await node.write('calico-kubeconfig', 'current-context: calico')
    const agent = await agentOn(node, { KUBECFG_FILE_NAME: 'calico-kubeconfig' })
    await agent.installer.stop({ uninstall: true })
    expect(await node.list('net')).toEqual(['10-pods.conflist', 'calico-kubeconfig'])
  })

  it('keeps the binary for a list that only the runtime can read', async () => {
    await using node = await ScratchNode.create()
    await node.write('10-pods.conflist', list)
    await symlink('/elsewhere/50-other.conflist', node.path('net/50-other.conflist'))
    const agent = await agentOn(node)
    expect(await agent.installer.stop({ uninstall: true })).toEqual({ kept: [node.path('bin/istio-cni')] })
    expect(await types(node)).toEqual(['bridge'])
  })

  it('keeps the binary while a configuration still runs it, and says which', async () => {
    await using node = await ScratchNode.create()
    await node.write('10-pods.conflist', list)
    await node.write('50-other.conflist', '{"plugins": [{"type": "istio-cni"}, ')
    const agent = await agentOn(node)
    const { kept } = await agent.installer.stop({ uninstall: true })
    expect(kept).toEqual([node.path('bin/istio-cni')])
    expect(await types(node)).toEqual(['bridge'])
    expect(await node.list('bin')).toEqual(['istio-cni'])
    expect(agent.text()).toMatch(/kept the plugin binary.*50-other.conflist/)
  })

  it('keeps the binary while a running sandbox was set up with it; the next uninstallation takes it', async () => {
    await using node = await ScratchNode.create()
    await node.write('10-pods.conflist', list)
    await mkdir(node.path('cache/results'), { recursive: true })
    const result = node.path('cache/results/pods-c0-eth0')
    const config = Buffer.from(JSON.stringify({ ...list, plugins: [bridge, { type: 'istio-cni' }] }))
    await writeFile(result, JSON.stringify({ kind: 'cniCacheV1', config: config.toString('base64') }))
    const first = await agentOn(node)
    expect(await first.installer.stop({ uninstall: true })).toEqual({ kept: [node.path('bin/istio-cni')] })
    expect(await types(node)).toEqual(['bridge'])
    expect(first.text()).toMatch(/kept the plugin binary.*pods-c0-eth0/)
    await rm(result)
    const second = await agentOn(node)
    expect(await second.installer.stop({ uninstall: true })).toEqual({ kept: [] })
  })

  it('takes our plugin out of every list, each copy', async () => {
    await using node = await ScratchNode.create()
    const ours = { type: 'istio-cni' }
    await node.write('10-pods.conflist', { ...list, plugins: [ours, bridge, ours] })
    await node.write('20-other.conflist', { ...list, plugins: [bridge, ours] })
    const agent = await agentOn(node)
    expect(await types(node)).toEqual(['bridge', 'istio-cni'])
    await agent.installer.stop({ uninstall: true })
    expect(await types(node)).toEqual(['bridge'])
    expect(await types(node, '20-other.conflist')).toEqual(['bridge'])
    expect(await node.list('bin')).toEqual([])
  })

  it('goes on when a part of it fails', async () => {
    await using node = await ScratchNode.create()
    await node.write('10-pods.conflist', list)
    const agent = await agentOn(node)
    await rm(node.path('net'), { recursive: true })
    const { kept } = await agent.installer.stop({ uninstall: true })
    expect(kept).toEqual([node.path('bin/istio-cni')])
    expect(agent.text()).toMatch(/error failed to remove our plugin/)
  })
})

describe('the start after a crash', () => {
  it('removes unfinished files of ours and of the original', async () => {
    await using node = await ScratchNode.create()
    await node.write('10-pods.conflist', list)
    await node.write(`${temporaryPrefix}10-pods.conflist.99.aa`, '{')
    await writeFile(node.path('bin/istio-cni.tmp.123'), '')
    await using _agent = await agentOn(node)
    expect(await node.list('bin')).toEqual(['istio-cni'])
    expect(await node.list('net')).toEqual(['10-pods.conflist', 'ZZZ-istio-cni-kubeconfig'])
  })
})
