import { rm } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readyForInstallation } from './preflight.ts'
import { ScratchNode } from './scratch-node.ts'

let node: ScratchNode

beforeEach(async () => {
  node = await ScratchNode.create()
})
afterEach(() => node[Symbol.asyncDispose]())

const look = async (env: Record<string, string> = {}) => {
  const findings = await readyForInstallation(node.settings(env))
  return findings.map(
    ({ part, isGood, says }) =>
      `${isGood ? 'ok' : 'FAILED'} ${part}: ${says.split('\n')[0]?.replaceAll(node.root, '')}`,
  )
}

describe('a node that is looked at before an installation', () => {
  it('is ready when its directories can be written and a network is there to join', async () => {
    await node.write('10-pods.conflist', { cniVersion: '1.0.0', name: 'pods', plugins: [{ type: 'bridge' }] })
    expect(await look()).toEqual([
      'ok mounts: are not required here',
      'ok directory: /bin can be written',
      'ok directory: /net can be written',
      'ok directory: /run can be written',
      'ok network: 10-pods.conflist can be joined',
    ])
    expect(Object.keys(await node.netDir())).toEqual(['10-pods.conflist'])
  })

  it('lacks mounts, a directory and a network', async () => {
    await rm(node.path('bin'), { recursive: true })
    const looked = await look({ REQUIRE_HOST_MOUNTS: 'true', MOUNTED_CNI_NET_DIR: node.path('net') })
    expect(looked[0]).toMatch(/^FAILED mounts: not mounted from the node: /)
    expect(looked[1]).toMatch(/^FAILED directory: ENOENT/)
    expect(looked[4]).toMatch(/^FAILED network: \/etc\/cni\/net\.d has no network configuration yet/)
  })

  it('needs no network where the plugin is not chained', async () => {
    expect((await look({ CHAINED_CNI_PLUGIN: 'false' })).at(-1)).toMatch(/^ok network: /)
  })
})
