import { chmod, link, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import {
  removeDurably,
  removeStaleTemporaries,
  temporaryPrefix,
  versionOf,
  writeAtomically,
} from './files.ts'
import { ScratchNode } from './scratch-node.ts'

async function seen(path: string) {
  return versionOf(path, await stat(path, { bigint: true }))
}

describe('writeAtomically', () => {
  it('writes content and mode, whatever the umask, and leaves nothing else', async () => {
    await using node = await ScratchNode.create()
    await writeAtomically(node.path('net/a'), 'content', { mode: 0o666 })
    expect(await readFile(node.path('net/a'), 'utf8')).toBe('content')
    expect((await stat(node.path('net/a'))).mode & 0o7777).toBe(0o666)
    expect(await node.list('net')).toEqual(['a'])
  })

  it('gives readers the old file or the new one: whoever has it open keeps the old', async () => {
    await using node = await ScratchNode.create()
    await writeFile(node.path('net/a'), 'old')
    await link(node.path('net/a'), node.path('net/old'))
    await writeAtomically(node.path('net/a'), 'new', { mode: 0o600 })
    expect(await readFile(node.path('net/old'), 'utf8')).toBe('old')
  })

  it('refuses to replace a file that is not the one that was read', async () => {
    await using node = await ScratchNode.create()
    const path = node.path('net/a')
    await writeFile(path, 'old')
    const expected = await seen(path)
    await writeFile(path, 'newer')
    await expect(writeAtomically(path, 'x', { mode: 0o600, expected })).rejects.toMatchObject({
      code: 'CHANGED_MEANWHILE',
      path,
    })
    await rm(path)
    await expect(writeAtomically(path, 'x', { mode: 0o600, expected })).rejects.toMatchObject({
      code: 'CHANGED_MEANWHILE',
    })
    expect(await node.list('net')).toEqual([])
  })

  it('refuses to replace a file where there was none', async () => {
    await using node = await ScratchNode.create()
    await writeFile(node.path('net/a'), 'theirs')
    const write = writeAtomically(node.path('net/a'), 'x', { mode: 0o600, expected: 'absent' })
    await expect(write).rejects.toMatchObject({ code: 'CHANGED_MEANWHILE' })
    expect(await readFile(node.path('net/a'), 'utf8')).toBe('theirs')
    await writeAtomically(node.path('net/b'), 'ours', { mode: 0o640, expected: 'absent' })
    expect((await stat(node.path('net/b'))).mode & 0o7777).toBe(0o640)
    expect(await node.list('net')).toEqual(['a', 'b'])
  })

  it('leaves the old file when the new one is refused', async () => {
    await using node = await ScratchNode.create()
    await writeFile(node.path('bin/a'), 'old')
    const inspect = () => Promise.reject(new Error('broken'))
    await expect(writeAtomically(node.path('bin/a'), 'x', { mode: 0o755, inspect })).rejects.toThrow(
      `cannot write ${node.path('bin/a')}: broken`,
    )
    expect(await readFile(node.path('bin/a'), 'utf8')).toBe('old')
    expect(await node.list('bin')).toEqual(['a'])
  })

  it('names file and cause', async () => {
    await using node = await ScratchNode.create()
    const path = node.path('absent/a')
    await expect(writeAtomically(path, 'x', { mode: 0o600 })).rejects.toMatchObject({
      code: 'WRITE_FAILED',
      path,
      message: expect.stringMatching(/absent\/a: its directory does not exist/),
    })
  })
})

describe('removeDurably', () => {
  it('removes the file that was read, not its successor; none is no error', async () => {
    await using node = await ScratchNode.create()
    const path = node.path('net/a')
    await removeDurably(path)
    await writeFile(path, 'old')
    const expected = await seen(path)
    await writeFile(path, 'their new one')
    await expect(removeDurably(path, expected)).rejects.toMatchObject({ code: 'CHANGED_MEANWHILE' })
    await removeDurably(path, await seen(path))
    expect(await node.list('net')).toEqual([])
  })

  it('says what it could not remove', async () => {
    await using node = await ScratchNode.create()
    await mkdir(node.path('net/a'))
    await expect(removeDurably(node.path('net/a'))).rejects.toMatchObject({ path: node.path('net/a') })
  })
})

describe('removeStaleTemporaries', () => {
  it("removes ours and the original's and nothing else", async () => {
    await using node = await ScratchNode.create()
    const stale = [`${temporaryPrefix}istio-cni.1.ab`, 'istio-cni.tmp.123']
    for (const name of [...stale, 'istio-cni', 'portmap.tmp.1']) await writeFile(node.path(`bin/${name}`), '')
    expect((await removeStaleTemporaries(node.path('bin'), 'istio-cni.tmp.')).sort()).toEqual(stale)
    expect(await readdir(node.path('bin'))).toEqual(['istio-cni', 'portmap.tmp.1'])
    expect(await removeStaleTemporaries(node.path('absent'))).toEqual([])
  })
})

describe('a file that we write through a link of the directory', () => {
  it('is not followed by the temporary file', async () => {
    await using node = await ScratchNode.create()
    await writeFile(node.path('run/victim'), 'victim')
    await symlink(node.path('run/victim'), node.path('net/ZZZ'))
    await writeAtomically(node.path('net/ZZZ'), 'secret', { mode: 0o600 })
    expect(await readFile(node.path('run/victim'), 'utf8')).toBe('victim')
    await chmod(node.path('net/ZZZ'), 0o600)
  })
})
