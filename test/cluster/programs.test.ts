import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { givenTools, toolDirectories } from './tools.ts'

const kubernetes = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kubectl']
let scratch: string

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'cluster-programs-'))
})
afterAll(() => rm(scratch, { recursive: true }))

async function directoryWith(name: string, programs: readonly string[]): Promise<string> {
  const directory = join(scratch, name)
  await mkdir(directory)
  for (const program of programs) await writeFile(join(directory, program), '', { mode: 0o755 })
  return directory
}

describe("the cluster's tools", () => {
  it('are those of KUBEBUILDER_ASSETS, and nothing is built', async () => {
    const assets = await directoryWith('assets', [...kubernetes, 'helm'])
    expect(await toolDirectories({ KUBEBUILDER_ASSETS: assets, PATH: '' })).toEqual([assets])
  })

  it('are built only where KUBEBUILDER_ASSETS lacks them', async () => {
    const assets = await directoryWith('envtest', ['etcd', 'kube-apiserver', 'kubectl'])
    expect(givenTools({ KUBEBUILDER_ASSETS: assets, PATH: '' })).toEqual({
      directories: [assets],
      missing: ['kube-controller-manager', 'kube-scheduler', 'kubelet', 'helm'],
    })
  })

  it('are those of PATH when one of its directories has all of Kubernetes', async () => {
    const path = [await directoryWith('lone', ['kubectl', 'helm']), await directoryWith('whole', kubernetes)]
    expect(givenTools({ PATH: path.join(':') })).toEqual({ directories: [path[1]], missing: [] })
  })

  it('are not a kubectl alone, which is of some other version', async () => {
    const path = await directoryWith('other', ['kubectl'])
    expect(givenTools({ PATH: path })).toEqual({ directories: [], missing: [...kubernetes, 'helm'] })
  })
})
