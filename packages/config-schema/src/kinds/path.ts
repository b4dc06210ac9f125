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

/** A configuration that runtimes look for in the CNI directory. */
export const networkConfigName = fileName('ending in .conf, .conflist or .json', isNetworkConfig)

/** A configuration with a list of plugins. */
export const networkListName = fileName('ending in .conflist', (name) => name.endsWith('.conflist'))

/** A file that stands in the CNI directory and that runtimes must not take for a configuration. */
export const bystanderName = fileName(
  'not ending in .conf, .conflist or .json, which runtimes would load',
  (name) => !isNetworkConfig(name),
)

/** The name of a file in a directory that another setting names. */
function fileName(condition: string, isRight: (name: string) => boolean): Kind<string> {
  const expectation = `a file name ${condition}, without slash`
  return {
    type: 'file name',
    expectation,
    emptyIsValue: false,
    parse(text) {
      const name = text.trim()
      const isName = name !== '.' && name !== '..' && !/[/\p{Cc}]/u.test(name) && !tooLong(name, 255)
      if (!isName || !isRight(name)) throw new InvalidValue(expectation)
      return name
    },
    print: String,
  }
}

/** As libcni's ConfFiles does when given the runtimes' list of extensions. */
function isNetworkConfig(name: string): boolean {
  return /\.(conf|conflist|json)$/.test(name)
}

function tooLong(text: string, bytes: number): boolean {
  return new TextEncoder().encode(text).length > bytes
}
