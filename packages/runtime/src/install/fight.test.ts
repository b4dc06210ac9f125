import { describe, expect, it } from 'vitest'
import { type Fight, fightMessage, isFighting, nextRound, peace } from './fight.ts'

function rounds(times: readonly number[]) {
  let fight: Fight = peace
  return times.map((at) => {
    const round = nextRound(fight, at)
    fight = round.fight
    return round
  })
}

describe('a fight over a file', () => {
  it('bears a few rewrites without pause and without a word', () => {
    const first = rounds([0, 100, 200, 300, 400])
    expect(first.every(({ pauseMs, announce }) => pauseMs === 0 && !announce)).toBe(true)
  })

  it('is announced once and slows down up to half a minute', () => {
    const all = rounds(Array.from({ length: 14 }, (_, round) => round * 100))
    expect(all.filter(({ announce }) => announce)).toHaveLength(1)
    expect(all.slice(5, 9).map(({ pauseMs }) => pauseMs)).toEqual([1000, 2000, 4000, 8000])
    expect(all.at(-1)?.pauseMs).toBe(30_000)
  })

  it('goes on while the other keeps at it in spite of our pauses', () => {
    const slow = rounds([0, 1, 2, 3, 4, 5, 1_010, 3_020, 7_030, 15_040, 31_050, 61_060, 91_070])
    expect(slow.filter(({ announce }) => announce)).toHaveLength(1)
    expect(isFighting(slow.at(-1)?.fight ?? peace, 91_071)).toBe(true)
  })

  it('is over when nobody rewrote the file for a minute, and can begin anew', () => {
    const over = rounds([0, 1, 2, 3, 4, 5, 70_000])
    expect(over.at(-1)).toMatchObject({ pauseMs: 0, announce: false })
    expect(isFighting(over.at(-1)?.fight ?? peace, 70_001)).toBe(false)
    const again = rounds([0, 1, 2, 3, 4, 5, 70_000, 70_001, 70_002, 70_003, 70_004, 70_005])
    expect(again.filter(({ announce }) => announce)).toHaveLength(2)
  })

  it('names the file, and Cilium where it is installed', () => {
    expect(fightMessage('10-a.conflist', 6, ['10-a.conflist'])).toMatch(/10-a.conflist 6 times/)
    expect(fightMessage('10-a.conflist', 6, ['10-a.conflist'])).not.toMatch(/Cilium/)
    expect(fightMessage('05-cilium.conflist', 6, [])).toMatch(/cni\.exclusive=false/)
    expect(fightMessage('10-a.conflist', 6, ['10-a.conflist.cilium_bak'])).toMatch(/cni\.exclusive=false/)
  })
})
