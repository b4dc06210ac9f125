import { InvalidValue, type Kind } from './kind.ts'

const KEY = '[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?'
const VALUE = '[-A-Za-z0-9_.]*'
const TERM = new RegExp(
  `^(!?${KEY}|${KEY} *(=|==|!=) *${VALUE}|${KEY} +(in|notin) *\\( *${VALUE}( *, *${VALUE})* *\\))$`,
)

/** A selector as kubectl's -l takes it; empty selects everything. */
export const labelQuery = query(
  'label selector',
  'a label selector such as app=web,tier!=test or env in (a, b)',
  (term) => TERM.test(term),
)

/** A selector as kubectl's --field-selector takes it; empty selects everything. */
export const fieldQuery = query(
  'field selector',
  'a field selector such as metadata.namespace!=test',
  (term) => /^[A-Za-z][A-Za-z0-9.]*(=|==|!=)[^=!,\s]*$/.test(term),
)

function query(type: string, expectation: string, isTerm: (term: string) => boolean): Kind<string> {
  return {
    type,
    expectation,
    emptyIsValue: true,
    parse(text) {
      const written = text.trim()
      if (written === '') return ''
      // A comma inside of parentheses belongs to its term.
      const terms = written.split(/,(?![^(]*\))/).map((term) => term.trim())
      if (!terms.every(isTerm)) throw new InvalidValue(expectation)
      return terms.join(',')
    },
    print: String,
  }
}
