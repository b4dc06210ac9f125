import { nearest } from '../nearest.ts'
import { InvalidValue, type Kind } from './kind.ts'

/** One of a few words, in any letter case. An empty text means the default. */
export function oneOf<const Word extends string>(...words: readonly Word[]): Kind<Word> {
  return {
    type: 'word',
    expectation: `one of ${words.filter((word) => word !== '').join(', ')}`,
    emptyIsValue: false,
    parse(text) {
      const given = text.trim().toLowerCase()
      const word = words.find((candidate) => candidate === given)
      if (word === undefined) throw new InvalidValue(this.expectation, nearest(given, words))
      return word
    },
    print: String,
  }
}
