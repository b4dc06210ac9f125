import { describe, expect, it } from 'vitest'
import { NetnsError } from './errors.ts'
import { UndoStack } from './undo.ts'

describe('taking back', () => {
  it('runs the steps last first and throws the cause on', () => {
    const taken: number[] = []
    const undo = new UndoStack()
    const failure = new Error('refused')
    expect(() =>
      undo.guard(() => {
        for (const step of [1, 2, 3]) undo.push(() => taken.push(step))
        throw failure
      }),
    ).toThrow(failure)
    expect(taken).toEqual([3, 2, 1])
  })

  it('does nothing after success', () => {
    const undo = new UndoStack()
    expect(
      undo.guard(() => {
        undo.push(() => {
          throw new Error('must not run')
        })
        return 'done'
      }),
    ).toBe('done')
  })

  it('goes on after a step that fails, and says that the namespace needs repair', () => {
    const taken: string[] = []
    const undo = new UndoStack()
    const act = () =>
      undo.guard(() => {
        undo.push(() => taken.push('first'))
        undo.push(() => {
          throw new Error('stuck')
        })
        throw new NetnsError('rules-refused', 'no')
      })
    expect(act).toThrow(
      expect.objectContaining({ code: 'not-restored', message: expect.stringMatching(/no; stuck/) }),
    )
    expect(taken).toEqual(['first'])
  })
})
