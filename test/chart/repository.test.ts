import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { distDirectory } from '../../scripts/tools.ts'
import { until } from '../cluster/condition.ts'
import { start } from '../cluster/processes.ts'
import { ApiServer } from './api-server.ts'
import { installed } from './rendered.ts'

const repository = join(distDirectory, 'repository')
const port = '8879'
const url = `http://127.0.0.1:${port}`
const namespace = ['-n', 'istio-system']

let server: ApiServer

beforeAll(async () => {
  server = await ApiServer.start()
  const program = join(import.meta.dirname, 'programs/serve.ts')
  await start('repository', [process.execPath, program, port, repository], server.cluster.environment)
  await until('the repository is served', () => server.output('helm', 'repo', 'add', 'test', url))
})

afterEach(() => server.run('helm', 'uninstall', 'istio-cni', ...namespace))

afterAll(() => server?.stop())

describe.each(['helm', 'helm4'] as const)('%s with the repository', (helm) => {
  it("installs the chart as the guide's users do", async () => {
    await server.output(helm, 'repo', 'add', 'istio', url, '--force-update')
    await server.output(
      helm,
      ...['install', 'istio-cni', 'istio/cni', '-n', 'istio-system'],
      ...['--set', 'cni.image=dhi.io/istio-install-cni'],
      ...['--set', 'cni.tag=1.30.3'],
      ...['--set', 'global.imagePullSecrets[0]=dhi-pull-secret'],
    )
    const objects = await Promise.all([
      server.get('daemonset', 'istio-cni-node'),
      server.get('serviceaccount', 'istio-cni'),
    ])
    expect(installed(objects)).toEqual({
      images: ['dhi.io/istio-install-cni:1.30.3'],
      pullSecrets: { pod: ['dhi-pull-secret'], account: ['dhi-pull-secret'] },
    })
    expect(await server.kubectl('get', 'clusterrolebinding')).toMatch(/^istio-cni /m)
  })

  it('finds the chart with its description', async () => {
    await server.output(helm, 'repo', 'add', 'istio', url, '--force-update')
    expect(await server.output(helm, 'search', 'repo', 'istio/cni')).toMatch(
      /^istio\/cni\s+1\.30\.3\s+1\.30\.3\s+\S/m,
    )
  })
})
