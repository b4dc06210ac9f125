import { type Node, nodeOf, TemplateError } from '../../expressions/index.ts'
import { atom, type Go } from './go.ts'

type Named = Extract<Node, { op: 'named' }>

const BIND_VALUES = '{{- $values := include "istio-cni.values" . | fromJson }}'

/** The variables at the head of a file or named template: the merged values, and what the templates give a name. */
export class Variables {
  readonly #bound = new Map<string, Readonly<{ of: string; lines: readonly string[] }>>()
  readonly #code: (template: unknown, isCondition: boolean) => string

  /** `code` prints an expression as it stands at the head. */
  constructor(code: (template: unknown, isCondition: boolean) => string) {
    this.#code = code
  }

  variable({ name, of }: Named): Go {
    const asJson = JSON.stringify(of)
    const known = this.#bound.get(name)
    if (known !== undefined && known.of !== asJson) throw misnamed(name, 'stands for two expressions')
    if (/^(values|item|key|value)\d*$/.test(name)) throw misnamed(name, 'is a name of the printer')
    if (asJson.includes('"op":"variable"')) throw misnamed(name, 'stands for something of a loop')
    if (known === undefined) {
      const lines = this.#lines(name, of)
      this.#bound.set(name, { of: asJson, lines })
    }
    return atom(`$${name}`)
  }

  /** Lines that bind what the given lines use. */
  head(lines: readonly string[]): string[] {
    const bound = [...this.#bound.values()].flatMap((each) => each.lines)
    const needsValues = [...bound, ...lines].some((each) => each.includes('$values'))
    return [...(needsValues ? [BIND_VALUES] : []), ...bound]
  }

  #lines(name: string, of: unknown): string[] {
    const node = nodeOf(of)
    if (node?.op !== 'when' || node.otherwise === undefined)
      return [`{{- $${name} := ${this.#code(of, false)} }}`]
    const lines = [`{{- $${name} := ${this.#code(lastOf(node.otherwise), false)} }}`]
    let word = 'if'
    for (let choice: Node | undefined = node; choice?.op === 'when'; choice = nodeOf(choice.otherwise)) {
      lines.push(`{{- ${word} ${this.#code(choice.condition, true)} }}`)
      lines.push(`  {{- $${name} = ${this.#code(choice.then, false)} }}`)
      word = 'else if'
    }
    return [...lines, '{{- end }}']
  }
}

const lastOf = (template: unknown): unknown => {
  const node = nodeOf(template)
  return node?.op === 'when' && node.otherwise !== undefined ? lastOf(node.otherwise) : template
}

const misnamed = (name: string, problem: string): TemplateError =>
  new TemplateError('TEMPLATE_NOT_PRINTABLE', `named(${JSON.stringify(name)}, …): the name ${problem}`)
