import { readdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Installer } from '../../packages/runtime/src/install/installer.ts'
import { type Json, parseJson } from '../../packages/runtime/src/install/json.ts'
import { eventually, recordingLog, ScratchNode } from '../../packages/runtime/src/install/scratch-node.ts'
import { differences, type InstallCase } from './install-differences.ts'

const data = join(import.meta.dirname, 'data/install')
const cases = readdirSync(data).map((file) => {
  const recorded = parseJson(readFileSync(join(data, file), 'utf8')) as unknown as InstallCase
  return { ...recorded, ...differences[recorded.name]?.change(recorded) }
})

/** Our place of the kubeconfig is the net dir, as the guide has it; its content and mode are the original's. */
const kubeconfigName = 'ZZZ-istio-cni-kubeconfig'

describe.concurrent('the installer on a recorded node', () => {
  it.each(cases)('$name', async (expected) => {
    await using node = await ScratchNode.create()
    for (const [name, content] of Object.entries(expected.before)) await node.write(name, content)
    const settings = node.settings(expected.settings)
    const installer = new Installer({ settings, log: recordingLog(), serviceAccountDir: node.account })
    try {
      await installer.start()
      await eventually(() => expectState(expected['net dir'], expected['bin dir'], expected.ready))
      if (expected.event !== undefined) {
        const { kind, file, content } = expected.event
        if (kind === 'write') await node.write(file, content, 0o644)
        else await rm(join(node.path('bin'), file))
        await eventually(() =>
          expectState(
            expected['net dir after the event'] ?? {},
            expected['bin dir after the event'] ?? [],
            expected['ready after the event'] ?? false,
          ),
        )
      }
    } finally {
      await installer.stop({ uninstall: true })
    }
    expect(comparable(await node.netDir())).toEqual(comparable(expected['net dir after SIGTERM']))
    expect(await node.list('bin')).toEqual(expected['bin dir after SIGTERM'])
    expect(await node.list('run')).toEqual([])

    async function expectState(
      netDir: Record<string, Json>,
      binaries: string[],
      ready: boolean,
    ): Promise<void> {
      const { [kubeconfigName]: kubeconfig, ...files } = await node.netDir()
      expect(comparable(files)).toEqual(comparable(netDir))
      expect(kubeconfig).toEqual(recordedKubeconfig(expected))
      expect(await node.list('bin')).toEqual(binaries)
      expect(installer.readiness().ready).toBe(ready)
      expect(installer.readiness().reasons.length > 0).toBe(!ready)
    }

    /** Numbers as text, and the directory that the plugin is told as the usual one. */
    function comparable(files: Record<string, unknown>): unknown {
      const text = JSON.stringify(files, (_key, value) =>
        typeof value === 'object' && value !== null && 'rawJSON' in value ? `number ${value.rawJSON}` : value,
      )
      return JSON.parse(text.replaceAll(node.path('run'), '/var/run/istio-cni'))
    }
  })
})

/** The original replaces CA and TOKEN by the files' contents; so do the recordings, the other way round. */
function recordedKubeconfig({ 'run dir': run }: InstallCase): unknown {
  const recorded = run['istio-cni-kubeconfig'] as { mode: string; content: string } | undefined
  const content = (recorded?.content ?? kubeconfig).replace('authority-data: CA', 'authority-data: Q0E=')
  return { mode: recorded?.mode ?? '0o600', content }
}

/** Of the one case in which the original had written none. */
const kubeconfig = `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: CA
    server: https://127.0.0.1:6443
  name: local
contexts:
- context:
    cluster: local
    user: istio-cni
  name: istio-cni-context
current-context: istio-cni-context
kind: Config
users:
- name: istio-cni
  user:
    token: TOKEN
`
