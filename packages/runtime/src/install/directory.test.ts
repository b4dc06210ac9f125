import { execFileSync } from 'node:child_process'
import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { readConfigDirectory } from './directory.ts'
import { ScratchNode } from './scratch-node.ts'

async function read(node: ScratchNode, also: string[] = []) {
  const { names, files } = await readConfigDirectory(node.path('net'), '/etc/cni/net.d', also)
  return { names: names.sort(), files: files.map((file) => ('text' in file ? file.text : file.problem)) }
}

describe('readConfigDirectory', () => {
  it('reads what runtimes read and names everything', async () => {
    await using node = await ScratchNode.create()
    for (const name of ['10-a.conf', '20-b.txt', 'named']) await node.write(name, name)
    expect(await read(node, ['named'])).toEqual({
      names: ['10-a.conf', '20-b.txt', 'named'],
      files: expect.arrayContaining(['10-a.conf', 'named']),
    })
  })

  it('does not hang at a FIFO, nor swallow a huge file', async () => {
    await using node = await ScratchNode.create()
    execFileSync('mkfifo', [node.path('net/05-fifo.conf')])
    await mkdir(node.path('net/06-directory.conf'))
    await node.write('07-huge.conf', '')
    await truncate(node.path('net/07-huge.conf'), 2 ** 33)
    await writeFile(node.path('net/08-bytes.conf'), Buffer.from([0x22, 0xff, 0x22]))
    const { files } = await read(node)
    expect(files.sort()).toEqual(['not UTF-8', 'not a regular file', 'not a regular file', 'too large'])
  })

  it('follows links within the directory, also by its name on the node, and no other', async () => {
    await using node = await ScratchNode.create()
    await node.write('real', 'inside')
    await symlink('real', node.path('net/10-relative.conf'))
    await symlink('/etc/cni/net.d/real', node.path('net/20-absolute.conf'))
    await symlink('../account/token', node.path('net/30-outside.conf'))
    await symlink('/etc/cni/net.d/../../passwd', node.path('net/40-climbing.conf'))
    await symlink('nowhere', node.path('net/50-dangling.conf'))
    const { files } = await read(node)
    expect(files.filter((text) => text === 'inside')).toHaveLength(2)
    expect(files.filter((text) => /symbolic link to .*, outside the directory/.test(text))).toHaveLength(3)
  })

  it('says which directory cannot be listed', async () => {
    await expect(readConfigDirectory('/nonexistent/net.d', '/etc/cni/net.d', [])).rejects.toMatchObject({
      code: 'UNREADABLE',
      path: '/nonexistent/net.d',
    })
  })
})
