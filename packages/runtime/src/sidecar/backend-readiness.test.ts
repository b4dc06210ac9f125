import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Backends } from '../netns/backends.ts'
import { BackendReadiness } from './backend-readiness.ts'

const backends = (found: Partial<Backends>): Backends => ({
  iptables: undefined,
  ip6tables: undefined,
  nft: false,
  reasons: ['no module'],
  ...found,
})

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => vi.useRealTimers())

describe('BackendReadiness', () => {
  it.each([
    [false, { iptables: 'nft' } as const, true],
    [false, { nft: true }, false],
    [true, { nft: true }, true],
    [true, { iptables: 'nft' } as const, false],
  ])('with native nftables %s and %j is ready: %s', async (native, found, isReady) => {
    const readiness = new BackendReadiness({ detectBackends: async () => backends(found) }, native)
    expect(readiness.unreadyReasons()).toEqual(['the back-ends are being tested'])
    await vi.advanceTimersByTimeAsync(0)
    expect(readiness.unreadyReasons()).toEqual(
      isReady ? [] : [`${native ? 'nftables' : 'iptables'} does not work here: no module`],
    )
  })

  it('tests again when the test itself failed', async () => {
    const detectBackends = vi
      .fn<() => Promise<Backends>>()
      .mockRejectedValueOnce(new Error('the time is over'))
      .mockResolvedValue(backends({ iptables: 'nft' }))
    const readiness = new BackendReadiness({ detectBackends }, false)
    await vi.advanceTimersByTimeAsync(0)
    expect(readiness.unreadyReasons()).toEqual(['the back-ends could not be tested: the time is over'])
    await vi.advanceTimersByTimeAsync(10_000)
    expect(readiness.unreadyReasons()).toEqual([])
  })
})
