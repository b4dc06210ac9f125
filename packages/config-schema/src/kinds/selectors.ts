import { parse as parseYaml, stringify } from 'yaml'
import { type EnablementSelector, parseSelectors, SelectorError } from '../selector.ts'
import { InvalidValue, type Kind } from './kind.ts'

/** A YAML or JSON list of `{podSelector, namespaceSelector}`, each a Kubernetes LabelSelector. */
export const enablementSelectors: Kind<readonly EnablementSelector[]> = {
  type: 'YAML',
  expectation: 'a YAML or JSON list of {podSelector, namespaceSelector}, each a Kubernetes label selector',
  emptyIsValue: false,
  parse(text) {
    try {
      return parseSelectors(readYaml(text, this.expectation))
    } catch (cause) {
      if (!(cause instanceof SelectorError)) throw cause
      throw new InvalidValue(`${cause.expectation} at ${cause.path || 'the top'}`, cause.suggestion)
    }
  },
  print: (selectors) => stringify(selectors, { collectionStyle: 'flow', lineWidth: 0 }).trim(),
}

function readYaml(text: string, expectation: string): unknown {
  try {
    return parseYaml(text, { logLevel: 'error', maxAliasCount: 0 })
  } catch (cause) {
    // Only the first line tells what and where; the others quote the text.
    const [what = ''] = cause instanceof Error ? cause.message.split('\n') : []
    throw new InvalidValue(`${expectation} (${what.replace(/:$/, '')})`)
  }
}
