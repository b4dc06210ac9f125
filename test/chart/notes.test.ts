// What a user reads after an installation. Helm 3 renders it only with a cluster.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { Helm, release } from './helm.ts'
import { chartPrograms } from './programs.ts'

const scratch = await mkdtemp(join(tmpdir(), 'chart-notes-'))
afterAll(() => rm(scratch, { recursive: true }))
const helm = new Helm((await chartPrograms()).helm4, scratch)

async function notes(...args: readonly string[]): Promise<string> {
  const installed = await helm.output('install', ...release, '--dry-run=client', ...args)
  return installed.slice(installed.indexOf('\nNOTES:\n'))
}

describe('the notes of an installation', () => {
  it("have the guide's commands by which to see that it works", async () => {
    const text = await notes()
    expect(text).toContain('kubectl get daemonset -n istio-system istio-cni-node')
    expect(text).toMatch(/kubectl logs -n istio-system .* --tail=20/)
    expect(text).toContain('helm test -n istio-system istio-cni')
    expect(text).not.toContain('WARNING')
  })

  it('say in which mode the agent runs', async () => {
    expect(await notes()).toContain('sidecar mode.')
    expect(await notes('--set', 'profile=ambient')).toContain('sidecar and ambient mode.')
  })

  it('name no pods where none are installed', async () => {
    const text = await notes('--set', 'global.resourceScope=cluster')
    expect(text).toContain('global.resourceScope=cluster')
    expect(text).not.toContain('kubectl')
  })

  it('warn of values that nothing follows from, wherever they stand', async () => {
    const text = await notes('--set', 'repair.hub=x', '--set', 'cni.logLevel=debug')
    expect(text).toContain('WARNING: repair.hub has no effect.')
    expect(text).toContain('WARNING: cni.logLevel has no effect. Write logging.level instead.')
    expect(text.match(/WARNING/g)).toHaveLength(2)
  })

  it.each([
    ['image=dhi.io/istio-install-cni,tag=1.30.3,variant=fips', ['variant']],
    ['cni.image=dhi.io/istio-install-cni:1.30.3,cni.tag=1.30.2,hub=x,global.tag=1', ['hub', 'cni.tag']],
    [
      'cni.image=dhi.io/istio-install-cni,cni.tag=1.30.3,global.variant=fips,global.hub=x',
      ['global.variant'],
    ],
    ['hub=registry.example/mesh,tag=1.30.3,variant=fips', []],
  ])('warn of what the image leaves without effect: %s', async (values, expected) => {
    const text = await notes('--set', values)
    expect(
      [...text.matchAll(/WARNING: (\S+) has no effect beside image=/g)].map((match) => match[1]),
    ).toEqual(expected)
  })

  it("warn of keys that the schema would have refused, but not of those of Istio's other charts", async () => {
    const foreign = ['pilot.x=1', 'global.proxy.x=1', 'global.platform=gke', 'cni.enabled=true']
    const unknown = ['chaned=false', 'cni.chaned=false']
    const flags = [...foreign, ...unknown].flatMap((value) => ['--set', value])
    const text = await notes('--skip-schema-validation', ...flags)
    expect([...text.matchAll(/WARNING: (\S+) is not known/g)].map((match) => match[1])).toEqual([
      'chaned',
      'cni.chaned',
    ])
  })
})
