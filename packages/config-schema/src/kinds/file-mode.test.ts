import { describe, expect, it } from 'vitest'
import { fileMode } from './file-mode.ts'

const suggestionFor = (text: string): unknown => {
  try {
    return fileMode.parse(text)
  } catch (error) {
    return error
  }
}

describe('fileMode', () => {
  it.each([
    ['0600', 0o600],
    ['0o640', 0o640],
    ['0644', 0o644],
    ['0400', 0o400],
    ['384', 0o600],
    ['416', 0o640],
    ['420', 0o644],
  ])('reads %s', (text, mode) => {
    expect(fileMode.parse(text)).toBe(mode)
  })

  it.each(['400', '440', '444', '600', '640', '644', '660', '664', '666'])(
    'notices that %s lacks its zero',
    (text) => {
      expect(suggestionFor(text)).toMatchObject({ name: 'InvalidValue', suggestion: `0${text}` })
    },
  )

  it.each(['', '0', '0000', '0755', '0060', '0602', '0622', '01600', '0x180', '-384', 'rw-------'])(
    'refuses %j',
    (text) => {
      expect(() => fileMode.parse(text)).toThrow('octal')
    },
  )
})
