import { InvalidValue, type Kind } from './kind.ts'

const MOST_ITEMS = 1000

/** Comma-separated values of one kind, without duplicates; blanks and empty items are dropped. */
export function list<Item>(item: Kind<Item>): Kind<readonly Item[]> {
  return {
    type: `list of ${item.type}s`,
    expectation: `a comma-separated list, each ${item.expectation}`,
    emptyIsValue: true,
    parse(text) {
      const words = text.split(',').map((word) => word.trim())
      const given = [...new Set(words.filter((word) => word !== ''))]
      if (given.length > MOST_ITEMS) throw new InvalidValue(`at most ${MOST_ITEMS} items`)
      return given.map((word) => item.parse(word))
    },
    print: (values) => values.map((value) => item.print(value)).join(','),
  }
}

/** A list with at least one item; an empty text means the default. */
export function filledList<Item>(item: Kind<Item>): Kind<readonly Item[]> {
  const any = list(item)
  const expectation = `${any.expectation}; at least one`
  return {
    ...any,
    expectation,
    emptyIsValue: false,
    parse(text) {
      const values = any.parse(text)
      if (values.length === 0) throw new InvalidValue(expectation)
      return values
    },
  }
}
