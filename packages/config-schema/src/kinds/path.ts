import { InvalidValue, type Kind } from './kind.ts'

/** A path from the root; doubled and trailing slashes are dropped. */
export const absolutePath: Kind<string> = {
  type: 'path',
  expectation: 'an absolute path without ".." and control characters, at most 4095 bytes',
  emptyIsValue: false,
  parse(text) {
    const path = text.trim().replaceAll(/\/+/g, '/')
    const parts = path.split('/')
    if (!path.startsWith('/') || parts.includes('..') || /\p{Cc}/u.test(path) || tooLong(path, 4095)) {
      throw new InvalidValue(this.expectation)
    }
    return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
  },
  print: String,
}

/** The name of a file in a directory that another setting names. */
export const fileName: Kind<string> = {
  type: 'file name',
  expectation: 'a file name without slash and control characters, at most 255 bytes',
  emptyIsValue: false,
  parse(text) {
    const name = text.trim()
    if (name === '.' || name === '..' || /[/\p{Cc}]/u.test(name) || tooLong(name, 255)) {
      throw new InvalidValue(this.expectation, name.split('/').at(-1) || undefined)
    }
    return name
  },
  print: String,
}

function tooLong(text: string, bytes: number): boolean {
  return new TextEncoder().encode(text).length > bytes
}
