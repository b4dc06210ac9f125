import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { archiveOf } from './archive.ts'

const tree = new Map([
  ['templates/b.yaml', 'b: 2\n'],
  ['Chart.yaml', `name: cni\n${'x'.repeat(600)}\n`],
  ['empty', ''],
])
const options = { directory: 'cni', seconds: 1_700_000_000 }

describe('archiveOf', () => {
  it('is read by tar, with names, contents, modes and times', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'istio-cni-archive-'))
    try {
      await writeFile(join(directory, 'chart.tgz'), archiveOf(tree, options))
      execFileSync('tar', ['-xzf', 'chart.tgz'], { cwd: directory })
      expect((await readdir(join(directory, 'cni'), { recursive: true })).sort()).toEqual([
        'Chart.yaml',
        'empty',
        'templates',
        'templates/b.yaml',
      ])
      expect(await readFile(join(directory, 'cni/Chart.yaml'), 'utf8')).toBe(tree.get('Chart.yaml'))
      const found = await stat(join(directory, 'cni/templates/b.yaml'))
      expect([found.mode & 0o777, found.mtimeMs]).toEqual([0o644, 1_700_000_000_000])
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })

  it('holds no time of packaging, no user, no machine, whatever order the files come in', () => {
    const archive = archiveOf(tree, options)
    expect(archiveOf(new Map([...tree].reverse()), options)).toEqual(archive)
    expect([...archive.subarray(4, 10)]).toEqual([0, 0, 0, 0, 2, 255])
    expect(createHash('sha256').update(gunzipSync(archive)).digest('hex')).toMatchInlineSnapshot(
      `"7ccbaedb9da397acf224ba9872dd923573a7ec347a8e9220a172670e67180e23"`,
    )
  })

  it('refuses a name that its format cannot hold', () => {
    expect(() => archiveOf(new Map([['x'.repeat(97), '']]), options)).toThrow('too long a name')
  })
})
