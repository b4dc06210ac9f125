import { describe, expect, it } from 'vitest'
import { ambientPod } from './fake-node.fixture.ts'
import { type Actual, type Desired, stepFor } from './reconcile.ts'

const marked = { 'ambient.istio.io/redirection': 'enabled' }
const sidecar = { 'sidecar.istio.io/status': '{}' }
const pod = ambientPod('web', { ips: ['10.0.0.2'] })
const { phase: _, ...uncompleted } = ambientPod('web')
const outside = (fields: Parameters<typeof ambientPod>[1] = {}): Desired => ({
  kind: 'outside',
  pod: ambientPod('web', fields),
  because: 'no selector selects it',
})
const free: Actual = { isHeld: false, isSandboxGone: false }
const held: Actual = { isHeld: true, isSandboxGone: false }
const ended: Actual = { isHeld: false, isSandboxGone: true }

describe('the step for a pod', () => {
  it.each<[string, Desired, Actual, object]>([
    ['to be in, and not held', { kind: 'enrolled', pod }, free, { kind: 'enrol' }],
    ['to be in, and held', { kind: 'enrolled', pod }, held, { kind: 'verify' }],
    ['to be in, whose sandbox is gone', { kind: 'enrolled', pod }, ended, { kind: 'none' }],
    ['to be in, without an address', { kind: 'enrolled', pod: ambientPod('web') }, free, { kind: 'none' }],
    [
      'to be in, of a manifest that nobody completes',
      { kind: 'enrolled', pod: uncompleted },
      free,
      { kind: 'enrol' },
    ],
    ['unlabelled, and held', outside(), held, { kind: 'leave', rules: 'remove', because: 'unlabelled' }],
    [
      'ended, and held',
      outside({ phase: 'Failed' }),
      held,
      { kind: 'leave', rules: 'ignore', because: 'ended' },
    ],
    ['outside, of which nobody says anything', outside(), free, { kind: 'none' }],
    [
      'outside, of which an agent said that it is in',
      outside({ annotations: marked }),
      free,
      { kind: 'take-out' },
    ],
    [
      'ended, of which an agent said so',
      outside({ annotations: marked, phase: 'Succeeded' }),
      free,
      { kind: 'clean' },
    ],
    [
      'with a sidecar, of which an agent said so',
      outside({ annotations: { ...marked, ...sidecar } }),
      free,
      { kind: 'clean' },
    ],
    [
      'outside, of which its user says something that no agent says',
      outside({ annotations: { 'ambient.istio.io/redirection': 'disabled' } }),
      free,
      { kind: 'none' },
    ],
    ['outside, whose sandbox is gone', outside({ annotations: marked }), ended, { kind: 'unmark' }],
    [
      'deleted, and held',
      { kind: 'gone', pod },
      held,
      { kind: 'leave', rules: 'ignore', because: 'deleted' },
    ],
    [
      'deleted, of which an agent said so',
      { kind: 'gone', pod: ambientPod('web', { annotations: marked }) },
      free,
      { kind: 'clean' },
    ],
    [
      'deleted after its DEL',
      { kind: 'gone', pod: ambientPod('web', { annotations: marked }) },
      ended,
      { kind: 'none' },
    ],
    ['of which nothing is known', { kind: 'gone', pod: undefined }, free, { kind: 'none' }],
    [
      'that cannot be told, and held',
      { kind: 'unknown', why: 'the API is away', pod },
      held,
      { kind: 'verify' },
    ],
    [
      'that cannot be told, and not held',
      { kind: 'unknown', why: 'the API is away', pod },
      free,
      { kind: 'none' },
    ],
  ])('%s', (_, desired, actual, step) => {
    expect(stepFor(desired, actual)).toMatchObject(step)
  })
})
