import { describe, expect, it } from 'vitest'
import { type Choice, consider } from './choice.ts'
import type { Circumstances, Plan, Step } from './wanted.ts'

const write: Step = { act: 'write', name: 'x', text: '', mode: 0o600, expected: 'absent' }

function install(circumstances: Circumstances, steps: Step[] = [write]): Plan {
  return { outcome: 'install', target: 'x', steps, notes: [], ...circumstances }
}

describe('the choice of a network', () => {
  it('is made at once when nothing speaks against it', () => {
    expect(consider({}, install({ network: '10-a' }), false, 0)).toEqual({
      choice: { network: '10-a' },
      verdict: 'accept',
    })
  })

  it('waits a second for a file before it that may be half written', () => {
    const plan = install({ network: '20-b', doubtful: '10-a.conflist' })
    const held = consider({}, plan, false, 0)
    expect(held).toMatchObject({ verdict: 'hold', againMs: 1000 })
    expect(consider(held.choice, plan, false, 999)).toMatchObject({ verdict: 'hold', againMs: 1 })
    expect(consider(held.choice, plan, false, 1000)).toMatchObject({
      verdict: 'accept',
      choice: { network: '20-b' },
    })
  })

  it('does not move while its own file is gone for a moment', () => {
    const chosen: Choice = { network: '10-a' }
    const gone = consider(chosen, install({ network: '20-b' }), false, 0)
    expect(gone).toMatchObject({ verdict: 'hold', againMs: 2000 })
    const back = consider(gone.choice, install({ network: '10-a' }), false, 500)
    expect(back).toEqual({ choice: chosen, verdict: 'accept' })
    expect(consider(gone.choice, install({ network: '20-b' }), false, 2000).choice).toEqual({
      network: '20-b',
    })
  })

  it('follows the runtime to a file that stays before ours', () => {
    const plan = install({ network: '10-a', preemptedBy: '05-new.conflist' }, [])
    const seen = consider({ network: '10-a' }, plan, false, 0)
    expect(seen).toMatchObject({ verdict: 'accept', againMs: 15_000 })
    expect(consider(seen.choice, plan, false, 14_999)).toMatchObject({ verdict: 'accept', againMs: 1 })
    expect(consider(seen.choice, plan, false, 15_000)).toEqual({ choice: {}, verdict: 'replan' })
  })

  it('is left to the operator who names the file', () => {
    const plan = install({ network: '20-b', preemptedBy: '10-a.conflist', doubtful: '05-x.conf' })
    expect(consider({}, plan, true, 0)).toEqual({ choice: { network: '20-b' }, verdict: 'accept' })
    expect(consider({ network: '20-b' }, plan, true, 99_999).verdict).toBe('accept')
  })

  it('needs no wait where our plugin is in place already', () => {
    const plan = install({ network: '20-b', doubtful: '10-a.conflist' }, [])
    expect(consider({}, plan, false, 0).verdict).toBe('accept')
  })
})
