import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { joinTrees, staleIn, writeTree } from './tree.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'istio-cni-tree-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

describe('staleIn', () => {
  it('names what is missing, what differs, and what should not be there', async () => {
    await mkdir(join(directory, 'templates'))
    await writeFile(join(directory, 'same'), 'same')
    await writeFile(join(directory, 'templates/changed'), 'by hand')
    await writeFile(join(directory, 'templates/removed-from-the-source'), '')
    const tree = new Map([
      ['same', 'same'],
      ['templates/changed', 'generated'],
      ['templates/missing', ''],
    ])
    expect(await staleIn(directory, tree)).toEqual([
      'templates/changed',
      'templates/missing',
      'templates/removed-from-the-source',
    ])
    await writeTree(directory, tree)
    expect(await staleIn(directory, tree)).toEqual([])
    expect(await readFile(join(directory, 'templates/changed'), 'utf8')).toBe('generated')
  })

  it('finds a whole directory missing', async () => {
    expect(await staleIn(join(directory, 'charts'), new Map([['a', '']]))).toEqual(['a'])
  })
})

describe('joinTrees', () => {
  it('refuses a file that two trees have', () => {
    const tree = new Map([['a', '']])
    expect(() => joinTrees({ '': new Map([['x/a', '']]), x: tree })).toThrow('x/a is generated twice')
  })
})
