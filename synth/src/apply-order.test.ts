import { describe, expect, it } from 'vitest'
import { inOrder } from './apply-order.ts'

const named = (kind: string, name = kind) => ({ kind, name })

describe('inOrder', () => {
  it('puts the account and its rights before the pods, and keeps the order within a kind', () => {
    const objects = [
      named('DaemonSet'),
      named('ClusterRole', 'b'),
      named('ClusterRole', 'a'),
      named('ServiceAccount'),
    ]
    expect(inOrder(objects).map(({ name }) => name)).toEqual(['ServiceAccount', 'b', 'a', 'DaemonSet'])
  })

  it('refuses a kind that it does not know', () => {
    expect(() => inOrder([named('Deployment')])).toThrow('Deployment has no place')
  })
})
