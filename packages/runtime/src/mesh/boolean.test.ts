import { describe, expect, it } from 'vitest'
import { parseBoolean } from './boolean.ts'

describe('parseBoolean', () => {
  it.each(['1', 't', 'T', 'true', 'True', 'TRUE'])('takes %s for true', (text) => {
    expect(parseBoolean(text)).toBe(true)
  })

  it.each(['0', 'f', 'F', 'false', 'False', 'FALSE'])('takes %s for false', (text) => {
    expect(parseBoolean(text)).toBe(false)
  })

  it.each(['', ' true', 'yes', 'on', 'tRUE', 'no', '2'])('takes %j for neither', (text) => {
    expect(parseBoolean(text)).toBeUndefined()
  })
})
