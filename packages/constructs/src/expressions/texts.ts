import type { Expression, Operand } from './expression.ts'
import { expression } from './references.ts'

type Part = Operand<string | number | boolean>

/** A text of literals and expressions: text`${hub}/${image}`. */
export const text = (literals: TemplateStringsArray, ...parts: readonly Part[]): Expression<string> =>
  expression({ op: 'text', literals: [...literals], parts })

/** `true` as "true", 5000 as "5000"; a text as it is. */
export const asText = (of: Expression<string | number | boolean>): Expression<string> =>
  expression({ op: 'asText', of })

/** The value as YAML in block style, keys sorted, without a line break at the end: what Helm's `toYaml` prints. */
export const asYaml = (of: Expression<unknown>): Expression<string> => expression({ op: 'asYaml', of })

/** The text as the value of a label: `+` becomes `_`, at most 63 characters, no `-` at the end. */
export const labelValue = (of: Expression<string>): Expression<string> => expression({ op: 'labelValue', of })

/** A text that changes when any of the values does: the SHA-256 of their JSON, as hexadecimal digits. */
export const digest = (of: readonly Operand<unknown>[]): Expression<string> =>
  expression({ op: 'digest', of })

export const join = (list: Expression<readonly string[]>, separator: string): Expression<string> =>
  expression({ op: 'join', list, separator })
