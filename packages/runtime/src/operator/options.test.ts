import { describe, expect, it } from 'vitest'
import { optionsOf, UsageError } from './options.ts'

describe('optionsOf', () => {
  it("gives the node's usual directories, and what the command line says instead", () => {
    expect(optionsOf([])).toMatchObject({
      dryRun: false,
      netDirs: ['/etc/cni/net.d'],
      cacheDirs: ['/var/lib/cni'],
    })
    const words = ['--net-dir', '/a', '--net-dir=/b', '--dry-run', '--own-file', '05-own.conflist']
    expect(optionsOf(words)).toMatchObject({
      dryRun: true,
      netDirs: ['/a', '/b'],
      ownFile: '05-own.conflist',
    })
  })

  it.each([
    ['--force'],
    ['--net-dir'],
    ['--net-dir', 'etc'],
    ['--own-file', 'a/b'],
    ['--dry-run=no'],
    ['/etc'],
  ])('refuses %s %s', (...words) => {
    expect(() => optionsOf(words)).toThrow(UsageError)
  })
})
