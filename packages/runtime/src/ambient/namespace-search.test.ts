import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { NamespaceSearch } from './namespace-search.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => vi.useRealTimers())

const found = (uid: string) => ({ path: `/netns/${uid}`, inode: 1n, proof: 'test' })
const all = (uids: Iterable<string>) => new Map([...uids].map((uid) => [uid, found(uid)]))

describe('NamespaceSearch', () => {
  it('answers everything that is asked during a search with one more', async () => {
    const searched: string[][] = []
    const search = new NamespaceSearch(async (wanted) => {
      searched.push([...wanted.keys()])
      await new Promise((resolve) => setTimeout(resolve, 10))
      return all(wanted.keys())
    })
    const first = search.find('a', [])
    await vi.advanceTimersByTimeAsync(1)
    const others = [search.find('b', []), search.find('c', [])]
    await vi.advanceTimersByTimeAsync(30)
    expect(await Promise.all([first, ...others])).toEqual([found('a'), found('b'), found('c')])
    expect(searched).toEqual([['a'], ['b', 'c']])
  })

  it('gives a search up that does not end, and goes on with the next', async () => {
    const search = new NamespaceSearch(
      (wanted) => (wanted.has('stuck') ? new Promise(() => {}) : Promise.resolve(all(wanted.keys()))),
      1_000,
    )
    const stuck = expect(search.find('stuck', [])).rejects.toThrow(/not ended within 1000 ms/)
    await vi.advanceTimersByTimeAsync(500)
    const later = search.find('later', [])
    await vi.advanceTimersByTimeAsync(500)
    await stuck
    expect(await later).toEqual(found('later'))
  })

  it('begins no other while several do not end, until one does', async () => {
    const releases: (() => void)[] = []
    const find: ConstructorParameters<typeof NamespaceSearch>[0] = (wanted) =>
      new Promise((resolve) => releases.push(() => resolve(all(wanted.keys()))))
    const search = new NamespaceSearch(find, 1_000)
    for (let count = 0; count < 3; count++) {
      const stuck = expect(search.find('stuck', [])).rejects.toThrow(/not ended/)
      await vi.advanceTimersByTimeAsync(1_000)
      await stuck
    }
    await expect(search.find('late', [])).rejects.toThrow(/3 searches .* do not end/)
    expect(releases).toHaveLength(3)
    releases[0]?.()
    await vi.advanceTimersByTimeAsync(0)
    const after = search.find('after', [])
    await vi.advanceTimersByTimeAsync(0)
    releases[3]?.()
    expect(await after).toEqual(found('after'))
  })
})
