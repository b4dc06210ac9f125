import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ApiServer } from './api-server.ts'
import { Helm } from './helm.ts'
import { objectsOf } from './rendered.ts'
import { valueSets } from './value-sets.ts'

/** Served, and none of them deprecated, from Kubernetes 1.28 to the newest. */
const lasting = [
  'apps/v1',
  'k8s.cni.cncf.io/v1',
  'monitoring.coreos.com/v1',
  'networking.k8s.io/v1',
  'rbac.authorization.k8s.io/v1',
  'v1',
]

let scratch: string
let server: ApiServer
let helm: Helm

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'chart-acceptance-'))
  server = await ApiServer.start()
  // A pod's account must be there, also where everything is only tried.
  await server.kubectl('-n', 'istio-system', 'create', 'serviceaccount', 'istio-cni')
  helm = new Helm(server.programs.helm, scratch)
})

afterAll(async () => {
  await server?.stop()
  await rm(scratch, { recursive: true })
})

const apply = (file: string) => server.kubectl('apply', '--dry-run=server', '--validate=strict', '-f', file)

describe('the API server', () => {
  it.each(valueSets)('accepts every object of $name, and every field of it', async ({ name, args }) => {
    const text = await helm.template(...args)
    const file = join(scratch, `${name.replaceAll(/\W/g, '-')}.yaml`)
    await writeFile(file, text)
    const objects = objectsOf(text)
    expect((await apply(file)).match(/ \(server dry run\)$/gm)).toHaveLength(objects.length)
    for (const { apiVersion } of objects) expect(lasting).toContain(apiVersion)
  })

  it('refuses a field that it does not know', async () => {
    const file = join(scratch, 'unknown.yaml')
    const text = await helm.template()
    await writeFile(file, text.replace(/^( *)hostNetwork: true$/m, '$&\n$1hostNetworking: true'))
    await expect(apply(file)).rejects.toThrow('unknown field "spec.template.spec.hostNetworking"')
  })
})
