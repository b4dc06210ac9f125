import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { distDirectory, root } from '../../scripts/tools.ts'
import { until } from '../cluster/condition.ts'
import { onNode } from '../cluster/node-namespace.ts'
import { start } from '../cluster/processes.ts'
import { ApiServer } from './api-server.ts'
import { type Commands, commandsOf, rowsOf } from './documents.ts'
import { type End, output, run } from './run.ts'

const port = '8880'
const serve = join(import.meta.dirname, 'programs/serve.ts')
/** What a reader fills in. */
const reader = {
  CHART_REPOSITORY: `http://127.0.0.1:${port}`,
  DOCKER_USERNAME: 'reader',
  DOCKER_TOKEN: 'secret',
}

let server: ApiServer
let scratch: string

beforeAll(async () => {
  server = await ApiServer.start()
  scratch = await mkdtemp(join(tmpdir(), 'chart-documentation-'))
  const repository = [process.execPath, serve, port, join(distDirectory, 'repository')]
  await start('repository', repository, server.cluster.environment)
  await until('the repository is served', async () => {
    const index = `${reader.CHART_REPOSITORY}/index.yaml`
    return (await run(...onNode(process.execPath, '-e', `await fetch('${index}')`), {})).code === 0
  })
})

afterAll(async () => {
  await server?.stop()
  await rm(scratch, { recursive: true, force: true })
})

/** A home of its own, in whose `bin` the programs have the names that the documents use. */
async function home(name: string, helm: string): Promise<NodeJS.ProcessEnv> {
  const directory = await mkdtemp(join(scratch, `${name}-`))
  await symlink(helm, join(directory, 'helm'))
  await symlink(server.programs.istioctl, join(directory, 'istioctl'))
  const { environment } = server.cluster
  return { ...environment, ...reader, HOME: directory, PATH: `${directory}:${environment.PATH}` }
}

async function execute(script: string, env: NodeJS.ProcessEnv): Promise<End> {
  const ended = run(...onNode('/bin/bash', '-euo', 'pipefail', '-c', `cd ${root}\n${script}`), env)
  if (script.includes('istioctl install')) await agentIsReady(ended)
  return ended
}

/** What a node would bring about: istioctl waits for an agent that is ready. */
async function agentIsReady(ended: Promise<End>): Promise<void> {
  let isRunning = true
  const over = ended.then(() => {
    isRunning = false
  })
  while (isRunning) {
    await reportReady().catch(() => undefined)
    await Promise.race([over, pause(200)])
  }
}

const counts = ['desired', 'current', 'updated'].map((name) => `${name}NumberScheduled`)
const ready = [...counts, 'numberReady', 'numberAvailable'].map((name) => [name, 1])

async function reportReady(): Promise<void> {
  const daemonSet = ['-n', 'istio-system', 'daemonset', 'istio-cni-node'] as const
  const generation = await server.cluster.kubectl(
    'get',
    ...daemonSet,
    '-o',
    'jsonpath={.metadata.generation}',
  )
  const observedGeneration = Number(generation)
  const status = { ...Object.fromEntries(ready), numberMisscheduled: 0, observedGeneration }
  const patch = JSON.stringify({ status })
  await server.cluster.kubectl('patch', ...daemonSet, '--subresource=status', '--type=merge', '-p', patch)
}

const documents = [
  ['docs/install-helm.md', 'helm'],
  ['docs/install-helm.md', 'helm4'],
  ['docs/install-istioctl.md', 'helm'],
  ['docs/manifests.md', 'helm'],
] as const

describe.each(documents)('%s with %s', (document, helm) => {
  let env: NodeJS.ProcessEnv
  beforeAll(async () => {
    env = await home(helm, server.programs[helm])
    await server.cluster.kubectl('-n', 'istio-system', 'delete', 'secret', '--all')
    const key = ['--batch', '--passphrase', '', '--quick-gen-key', 'Release <release@registry.example>']
    await output('gpg', ...onNode('gpg', ...key), env)
  })

  const executed = commandsOf(document).filter(({ notExecuted }) => notExecuted === undefined)
  it.each(executed.map((commands): [string, Commands] => [commands.place, commands]))(
    'says at %s what happens',
    async (_, { script, fails }) => {
      const ended = await execute(script, env)
      if (fails === undefined) expect(ended.code, ended.stderr).toBe(0)
      else {
        expect(ended.code).not.toBe(0)
        expect(ended.stderr).toContain(fails)
      }
    },
  )
})

describe('the tables of docs/install-helm.md', () => {
  let env: NodeJS.ProcessEnv
  beforeAll(async () => {
    env = await home('helm', server.programs.helm)
  })
  const helm = (settings: string) => execute(`helm template istio-cni charts/istio-cni ${settings}`, env)

  const images = rowsOf('docs/install-helm.md', 'given').map(([given = '', pulled = '']) => ({
    settings: [...given.matchAll(/`(\w+=[^`…]+)`/g)].map(([, setting]) => `--set ${setting}`).join(' '),
    image: pulled.startsWith('`') ? pulled.replaceAll('`', '') : /image=([^`]+)/.exec(given)?.[1],
  }))
  it.each(images)('tell which image is pulled with "$settings"', async ({ settings, image }) => {
    const { stdout } = await helm(settings)
    const pulled = [...stdout.matchAll(/^ +image: "?([^"\n]+)"?$/gm)].map(([, reference]) => reference)
    expect([...new Set(pulled)]).toEqual([image])
  })

  const samples: Readonly<Record<string, readonly [value: string, rendered: string]>> = {
    image: ['registry.example/cni:9', 'image: registry.example/cni:9'],
    'its tag': ['9.9.9', 'istio-install-cni:9.9.9'],
    'its registry': ['registry.example', 'image: registry.example/'],
    'pull secrets': ['a-secret', '- name: a-secret'],
    'ambient mode': ['true', 'AMBIENT_ENABLED: true'],
    profile: ['ambient', 'AMBIENT_ENABLED: true'],
    platform: ['k3s', '/var/lib/rancher/k3s/data/cni'],
  }
  const spellings = rowsOf('docs/install-helm.md', '').flatMap(([what = '', ...cells]) =>
    cells.flatMap((cell, column) => {
      const path = /^`([^`]+)`/.exec(cell)?.[1]
      return path === undefined ? [] : [{ what, path, isForHelm: column < 3 }]
    }),
  )
  it.each(spellings)('tell where $what may be written: $path', async ({ what, path, isForHelm }) => {
    const [value, rendered] = samples[what] ?? []
    const setting = `--set ${path}=${value}`
    const istioctl = 'istioctl manifest generate --manifests dist/istioctl'
    const { stdout, stderr } = await (isForHelm ? helm(setting) : execute(`${istioctl} ${setting}`, env))
    expect(stdout.replaceAll('"', '').includes(`${rendered}`), `${rendered} ${stderr}`).toBe(true)
  })
})

describe('the table of docs/install-istioctl.md', () => {
  const profiles = rowsOf('docs/install-istioctl.md', 'profile').flatMap(([names = '', what = '']) =>
    [...names.matchAll(/`([^`]+)`/g)].map(([, profile = '']) => ({ profile, what })),
  )
  it.each(profiles)('has the profile $profile, which installs $what', async ({ profile, what }) => {
    const env = await home('istioctl', server.programs.helm)
    const generate = `istioctl manifest generate --manifests dist/istioctl --set profile=${profile}`
    const { code, stdout, stderr } = await execute(generate, env)
    expect(code, stderr).toBe(0)
    const [isAmbient] = /AMBIENT_ENABLED: "true"/.exec(stdout) ?? []
    expect(isAmbient !== undefined).toBe(profile.endsWith('ambient'))
    expect(stdout.includes('kind: DaemonSet')).toBe(what.startsWith('the '))
    expect(stdout.includes('namespace: kube-system')).toBe(what.includes('`kube-system`'))
  })
})

describe('dist/manifests', () => {
  it('has no file with an object or a field that a strict API server refuses', async () => {
    const manifests = join(distDirectory, 'manifests')
    const strict = ['--dry-run=server', '--validate=strict']
    const applied = await server.cluster.kubectl('apply', ...strict, '-f', manifests)
    expect(applied.match(/^daemonset.apps.*\(server dry run\)$/gm)?.length).toBe(
      (await readdir(manifests)).length,
    )
  })
})
