import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { eventually, ScratchNode } from './scratch-node.ts'
import { DirectoryWatch, type WatchedDirectory } from './watch.ts'

async function watching(directories: WatchedDirectory[], times = { debounceMs: 5, pollMs: 60_000 }) {
  let told = 0
  const watch = new DirectoryWatch(
    directories,
    () => {
      told += 1
    },
    times,
  )
  await watch.start()
  return {
    [Symbol.dispose]: () => watch.close(),
    told: () => told,
    /** Does something and waits until it was told. */
    async tells(act: () => Promise<unknown>) {
      const before = told
      await act()
      await eventually(() => expect(told).toBeGreaterThan(before))
    },
  }
}

describe('DirectoryWatch', () => {
  it('tells of files that come, change and go', async () => {
    await using node = await ScratchNode.create()
    using watch = await watching([{ path: node.path('net') }])
    await watch.tells(() => node.write('a.conf', '1'))
    await watch.tells(() => node.write('a.conf', '2'))
    await watch.tells(() => rename(node.path('net/a.conf'), node.path('net/b.conf')))
    await watch.tells(() => rm(node.path('net/b.conf')))
  })

  it('tells of a token that Kubernetes changes by moving a link', async () => {
    await using node = await ScratchNode.create()
    const account = node.path('projected')
    for (const version of ['..1', '..2']) {
      await mkdir(`${account}/${version}`, { recursive: true })
      await writeFile(`${account}/${version}/token`, version)
    }
    await symlink('..1', `${account}/..data`)
    await symlink('..data/token', `${account}/token`)
    using watch = await watching([{ path: account }])
    await watch.tells(async () => {
      await symlink('..2', `${account}/..data_tmp`)
      await rename(`${account}/..data_tmp`, `${account}/..data`)
    })
  })

  it('tells only of the file that matters, once for a burst', async () => {
    await using node = await ScratchNode.create()
    using watch = await watching([{ path: node.path('bin'), only: 'istio-cni' }], {
      debounceMs: 40,
      pollMs: 60_000,
    })
    for (let round = 0; round < 20; round += 1) await writeFile(node.path('bin/portmap'), String(round))
    expect(watch.told()).toBe(0)
    await watch.tells(async () => {
      for (let round = 0; round < 5; round += 1) await writeFile(node.path('bin/istio-cni'), String(round))
    })
  })

  it('looks by itself where events do not come, and finds directories that come back', async () => {
    await using node = await ScratchNode.create()
    await rm(node.path('net'), { recursive: true })
    using watch = await watching([{ path: node.path('net') }], { debounceMs: 1, pollMs: 10 })
    await mkdir(node.path('net'))
    await watch.tells(() => node.write('a.conf', '1'))
    await watch.tells(() => rm(node.path('net'), { recursive: true }))
    await mkdir(node.path('net'))
    await watch.tells(() => node.write('b.conf', '1'))
  })

  it('is silent once closed', async () => {
    await using node = await ScratchNode.create()
    const watch = await watching([{ path: node.path('net') }], { debounceMs: 1, pollMs: 5 })
    watch[Symbol.dispose]()
    using other = await watching([{ path: node.path('net') }])
    await other.tells(() => node.write('a.conf', '1'))
    expect(watch.told()).toBe(0)
  })
})
