import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { accountOfToken } from './account-token.ts'
import { encoded, podTokenOf } from './token.fixture.ts'

describe("a service account's token", () => {
  it('tells namespace and name of its account', () => {
    const sub = 'system:serviceaccount:my-mesh:cni.agent'
    expect(accountOfToken(podTokenOf({ sub }))).toMatchObject({ namespace: 'my-mesh', name: 'cni.agent' })
  })

  it('is of another generation with another key or another account of the name, not when it is only renewed', () => {
    const generation = (token: string) => accountOfToken(token)?.generation
    const first = generation(podTokenOf({ iat: 1 }))
    expect(first).toBeDefined()
    expect(generation(podTokenOf({ iat: 2 }))).toBe(first)
    expect(generation(podTokenOf({}, 'key-2'))).not.toBe(first)
    expect(generation(podTokenOf({}, 'key-1', 'uid-2'))).not.toBe(first)
  })

  it.each([
    'system:serviceaccount:kube-system:..',
    'system:serviceaccount:a/b:c',
    'system:serviceaccount:a:b:c',
    'system:serviceaccount:a:b?x=1',
    'system:serviceaccount:a:b\n',
    `system:serviceaccount:a:${'b'.repeat(254)}`,
    'system:serviceaccount:A:b',
    'system:node:node-1',
    '',
    7,
    null,
    ['system:serviceaccount:a:b'],
  ])('is none when its subject is %j', (sub) => {
    expect(accountOfToken(podTokenOf({ sub }))).toBeUndefined()
  })

  it.each([
    ['nothing', ''],
    ['a legacy secret', 'c2VjcmV0'],
    ['four parts', `${podTokenOf()}.x`],
    ['two parts', podTokenOf().split('.').slice(0, 2).join('.')],
    ['no JSON', 'e30.bm9wZQ.x'],
    ['a list', `e30.${encoded([])}.x`],
    [
      'an inherited subject',
      `e30.${Buffer.from('{"__proto__":{"sub":"system:serviceaccount:a:b"}}').toString('base64url')}.x`,
    ],
    ['a giant', podTokenOf({ more: 'x'.repeat(100_000) })],
  ])('is none when it is %s', (_, token) => {
    expect(accountOfToken(token)).toBeUndefined()
  })

  it('never throws', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string(),
            fc.json().map((json) => Buffer.from(json).toString('base64url')),
          ),
        ),
        (parts) => {
          accountOfToken(parts.join('.'))
        },
      ),
    )
  })
})
