import { chmod, mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { Binaries } from './binaries.ts'
import { ScratchNode, workingPlugin } from './scratch-node.ts'

function binaries(node: ScratchNode, directories = ['bin']): Binaries {
  return new Binaries({
    cniBinSourceDir: node.path('image'),
    mountedCniBinDirs: directories.map((name) => node.path(name)),
  })
}

describe('the plugin binary', () => {
  it('is copied to every directory with its mode, and only once', async () => {
    await using node = await ScratchNode.create()
    await mkdir(node.path('bin2'))
    const both = binaries(node, ['bin', 'bin2'])
    expect(await both.install()).toEqual([node.path('bin/istio-cni'), node.path('bin2/istio-cni')])
    expect(await both.install()).toEqual([])
    expect(await binaries(node, ['bin', 'bin2']).install()).toEqual([])
    expect((await stat(node.path('bin2/istio-cni'))).mode & 0o7777).toBe(0o755)
    expect(await node.list('bin')).toEqual(['istio-cni'])
  })

  it.each([
    ['changed', (path: string) => writeFile(path, '#!/bin/sh\nexit 1\n')],
    ['truncated', (path: string) => writeFile(path, '')],
    ['deleted', (path: string) => rm(path)],
    ['made unexecutable', (path: string) => chmod(path, 0o644)],
    [
      'replaced by a link',
      async (path: string) => {
        await rename(path, `${path}.moved`)
        await writeFile(`${path}.moved`, 'theirs')
        await symlink('istio-cni.moved', path)
      },
    ],
  ])('is copied again after it was %s', async (_what, spoil) => {
    await using node = await ScratchNode.create()
    const installed = binaries(node)
    await installed.install()
    await spoil(node.path('bin/istio-cni'))
    expect(await installed.install()).toEqual([node.path('bin/istio-cni')])
    expect(await readFile(node.path('bin/istio-cni'), 'utf8')).toBe(workingPlugin)
    const moved = await readFile(node.path('bin/istio-cni.moved'), 'utf8').catch(() => 'theirs')
    expect(moved).toBe('theirs')
  })

  it('is replaced by a newer one of the image', async () => {
    await using node = await ScratchNode.create()
    await binaries(node).install()
    await writeFile(node.path('image/istio-cni'), `${workingPlugin}# newer\n`)
    expect(await binaries(node).install()).toHaveLength(1)
  })

  it.each([
    ['exit 3', /ended with code 3/],
    ['echo hello', /not JSON/],
    ['echo "{}"', /no supportedVersions/],
    ['kill -SEGV $$', /ended with SIGSEGV/],
  ])('is refused when it does "%s", and the one on the node stays', async (body, why) => {
    await using node = await ScratchNode.create()
    await writeFile(node.path('bin/istio-cni'), 'the one before', { mode: 0o755 })
    await writeFile(node.path('image/istio-cni'), `#!/bin/sh\n${body}\n`)
    await expect(binaries(node).install()).rejects.toMatchObject({
      code: 'PLUGIN_BROKEN',
      message: expect.stringMatching(why),
    })
    expect(await readFile(node.path('bin/istio-cni'), 'utf8')).toBe('the one before')
    expect(await node.list('bin')).toEqual(['istio-cni'])
  })

  it('is refused when it is no program for this machine', async () => {
    await using node = await ScratchNode.create()
    await writeFile(node.path('image/istio-cni'), Buffer.from('7f454c4602010100', 'hex'))
    await expect(binaries(node).install()).rejects.toMatchObject({ code: 'PLUGIN_BROKEN' })
  })

  it('says where it was looked for', async () => {
    await using node = await ScratchNode.create()
    await rm(node.path('image/istio-cni'))
    await expect(binaries(node).install()).rejects.toMatchObject({
      code: 'PLUGIN_MISSING',
      message: expect.stringContaining('CNI_BIN_SOURCE_DIR'),
    })
  })
})
