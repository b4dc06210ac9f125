import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { namespaceHandles } from './namespace-handles.ts'

const descriptors = () => readdirSync('/proc/self/fd').length

describe('namespaceHandles', () => {
  it.each([
    ["the node's own namespace", '/proc/self/ns/net', 'host-namespace'],
    ['a file', '/proc/self/status', 'not-a-namespace'],
    ['nothing', '/nowhere/at/all', 'gone'],
  ])('opens no pod out of %s, and leaves nothing open', (_, path, code) => {
    const before = descriptors()
    expect(() => namespaceHandles.open(path)).toThrow(expect.objectContaining({ code }))
    expect(descriptors()).toBe(before)
  })

  it('knows the inode behind a path, if there is one', async () => {
    expect(await namespaceHandles.inodeOf('/proc/self/ns/net')).toBeTypeOf('bigint')
    expect(await namespaceHandles.inodeOf('/nowhere')).toBeUndefined()
  })
})
