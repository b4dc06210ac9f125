import { describe, expect, it } from 'vitest'
import { ProbeSet, probeSetChange } from './probe-set.ts'

const claim = (uid: string, ...addresses: string[]) => ({ uid, addresses })

describe('the change of the probe set', () => {
  it('is nothing when the set is right', () => {
    const actual = new Map([['10.0.0.2', 'a']])
    expect(probeSetChange([claim('a', '10.0.0.2')], actual, true)).toEqual({ put: [], remove: [] })
  })

  it('puts what is missing and what nobody or another owns', () => {
    const actual = new Map([
      ['10.0.0.2', ''],
      ['10.0.0.3', 'old'],
    ])
    const claims = [claim('a', '10.0.0.2', 'fd00::2'), claim('b', '10.0.0.3')]
    expect(probeSetChange(claims, actual, true).put).toEqual([
      { address: '10.0.0.2', uid: 'a' },
      { address: 'fd00::2', uid: 'a' },
      { address: '10.0.0.3', uid: 'b' },
    ])
  })

  it('gives an address that two claim to the later one', () => {
    const claims = [claim('old', '10.0.0.2'), claim('new', '10.0.0.2')]
    expect(probeSetChange(claims, new Map(), true).put).toEqual([{ address: '10.0.0.2', uid: 'new' }])
  })

  it.each([
    [true, [{ address: '10.0.0.9', uid: 'gone' }]],
    [false, []],
  ])('takes away what nobody claims if the claims are complete: %s', (isComplete, remove) => {
    expect(probeSetChange([], new Map([['10.0.0.9', 'gone']]), isComplete).remove).toEqual(remove)
  })

  it('leaves what it has to a pod whose addresses are not known', () => {
    const actual = new Map([
      ['10.0.0.2', 'new'],
      ['10.0.0.9', 'gone'],
    ])
    expect(probeSetChange([claim('new')], actual, true).remove).toEqual([
      { address: '10.0.0.9', uid: 'gone' },
    ])
  })
})

describe('ProbeSet', () => {
  const recorded = () => {
    const changes: { put: readonly object[]; remove: readonly object[] }[] = []
    const releases: (() => void)[] = []
    const set = new ProbeSet({
      changeProbeSet: (change) => {
        changes.push(change)
        return new Promise((resolve) => releases.push(resolve))
      },
    })
    return { set, changes, releases }
  }
  const one = { address: '10.0.0.1', uid: 'one' }
  const two = { address: '10.0.0.2', uid: 'two' }

  it('makes one change of a burst, and one of all that comes meanwhile', async () => {
    const { set, changes, releases } = recorded()
    const first = [set.put([one]), set.put([two])]
    await Promise.resolve()
    const second = [set.remove([one]), set.remove([two])]
    releases.shift()?.()
    await Promise.all(first)
    releases.shift()?.()
    await Promise.all(second)
    expect(changes).toEqual([
      { put: [one, two], remove: [] },
      { put: [], remove: [one, two] },
    ])
  })

  it('does only the last of what is asked of one address of one pod', async () => {
    const { set, changes, releases } = recorded()
    const all = [set.put([one]), set.remove([one]), set.remove([two]), set.put([two])]
    await Promise.resolve()
    releases.shift()?.()
    await Promise.all(all)
    expect(changes).toEqual([{ put: [two], remove: [one] }])
  })

  it('tells everybody who waited when a change fails, and goes on', async () => {
    let fails = true
    const set = new ProbeSet({
      changeProbeSet: async () => {
        if (fails) throw new Error('no such set')
      },
    })
    const results = await Promise.allSettled([set.put([one]), set.put([two])])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    fails = false
    await expect(set.put([one])).resolves.toBeUndefined()
  })
})
