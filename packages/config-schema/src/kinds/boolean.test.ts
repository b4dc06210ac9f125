import { describe, expect, it } from 'vitest'
import { boolean } from './boolean.ts'

describe('boolean', () => {
  // Go's strconv.ParseBool takes these, and Kubernetes users write them.
  it.each(['1', 't', 'T', 'TRUE', 'true', 'True', 'yes', 'On', ' true\n'])('takes %j as true', (text) => {
    expect(boolean.parse(text)).toBe(true)
  })
  it.each(['0', 'f', 'F', 'FALSE', 'false', 'False', 'No', 'OFF'])('takes %j as false', (text) => {
    expect(boolean.parse(text)).toBe(false)
  })
  it.each(['', 'ture', '2', 'y', 'null', 'enabled'])('refuses %j instead of taking it as false', (text) => {
    expect(() => boolean.parse(text)).toThrow('one of true, 1, t, yes, on, false')
  })
})
