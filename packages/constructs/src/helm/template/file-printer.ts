import { type Expression, type Node, nodeOf, TemplateError } from '../../expressions/index.ts'
import { joinedBlocks } from './blocks.ts'
import { commentLines } from './comment-lines.ts'
import { type Go, operand } from './go.ts'
import { kindOf } from './kind.ts'
import { conditionOf, DIGESTED, goOf, goTextOf, type Surroundings } from './pipeline.ts'
import { type Presence, presenceOf } from './presence.ts'
import { literalScalar, scalarOf } from './scalar.ts'
import { at, deeper, fileScope, inRange, inWith, knowing, knows, line, type Scope } from './scope.ts'
import { type SharedEntries, withoutShared } from './shared-entries.ts'
import { Variables } from './variables.ts'

type Overlay = Extract<Node, { op: 'overlay' }>
type When = Extract<Node, { op: 'when' }>
type Lines = (template: unknown, scope: Scope) => string[]

export interface PrintOptions {
  /** Of the file, without extension. */
  readonly name: string
  /** The chart's values, of which the kinds of values are known. */
  readonly defaults: object
  readonly shared?: SharedEntries | undefined
}

/** Prints the parts of one file of a chart: YAML in block style, with Go's template actions on lines of their own. */
export class FilePrinter {
  /** Named templates that the file needs, by name: the bases of its overlays. */
  readonly named = new Map<string, readonly string[]>()
  #variables = this.#newVariables()
  readonly #name: string
  readonly #defaults: object
  readonly #shared: SharedEntries | undefined

  constructor({ name, defaults, shared }: PrintOptions) {
    this.#name = name
    this.#defaults = defaults
    this.#shared = shared
  }

  /** Lines with the variables that they use at their head. */
  block(lines: () => string[]): string[] {
    const outer = this.#variables
    this.#variables = this.#newVariables()
    try {
      const printed = lines()
      return [...this.#variables.head(printed), ...printed]
    } finally {
      this.#variables = outer
    }
  }

  /** The entries of a map. */
  map(map: object, scope: Scope = fileScope): string[] {
    const own = withoutShared(map, this.#shared)
    const lines = joinedBlocks(
      (own ?? Object.entries(map)).map(([key, template]) => this.#entry(key, template, at(scope, key))),
      scope,
    )
    return own === undefined ? lines : [...lines, this.#includeShared(scope)]
  }

  /** The lines if the condition holds, or without a condition. */
  guarded(condition: unknown, scope: Scope, lines: (scope: Scope) => string[]): string[] {
    if (condition === undefined || knows(scope, condition)) return lines(scope)
    return [
      line(scope, `{{- if ${this.#condition(condition, scope)} }}`),
      ...lines(knowing(scope, condition)),
      line(scope, '{{- end }}'),
    ]
  }

  #entry(key: string, template: unknown, scope: Scope): string[] {
    const node = nodeOf(template)
    if (node?.op === 'comment')
      return this.#commented(node, scope, (each, inner) => this.#entry(key, each, inner))
    if (node?.op === 'when') return this.#choice(node, scope, (each, inner) => this.#entry(key, each, inner))
    const name = scalarOf(key)
    if (node !== undefined) return this.#produced(`${name}:`, template, node, scope)
    if (!holdsParts(template)) return [line(scope, `${name}: ${literalScalar(template)}`)]
    return this.#present(presenceOf(template), scope, (inner) => [
      line(inner, `${name}:`),
      ...(Array.isArray(template) ? this.#list(template, deeper(inner)) : this.map(template, deeper(inner))),
    ])
  }

  #includeShared(scope: Scope): string {
    const [name, root] = [JSON.stringify(this.#shared?.name), scope.dotIsRoot ? '.' : '$']
    return line(scope, `{{- include ${name} ${root} | nindent ${scope.indent} }}`)
  }

  #list(list: readonly unknown[], scope: Scope): string[] {
    return joinedBlocks(
      list.map((item) => this.#item(item, scope)),
      scope,
    )
  }

  #item(template: unknown, scope: Scope): string[] {
    const node = nodeOf(template)
    const item: Lines = (each, inner) => this.#item(each, inner)
    if (node === undefined) return this.#literalItem(template, scope)
    switch (node.op) {
      case 'comment':
        return this.#commented(node, scope, item)
      case 'when':
        return this.#choice(node, scope, item)
      case 'spread':
        return this.#guardedBy(node.list, scope, (inner) => [
          line(inner, `{{- toYaml ${this.#operand(node.list, inner)} | nindent ${inner.indent} }}`),
        ])
      case 'each':
        return this.#range(`$${node.item}`, node.list, node.body, scope)
      case 'entries':
        return this.#range(`$${node.key}, $${node.value}`, node.map, node.body, scope)
      default:
        return this.#produced('-', template, node, scope)
    }
  }

  #literalItem(template: unknown, scope: Scope): string[] {
    if (!holdsParts(template)) return [line(scope, `- ${literalScalar(template)}`)]
    return this.#present(presenceOf(template), scope, (inner) => {
      if (Array.isArray(template)) return dashed(this.#list(template, deeper(inner)), inner)
      return dashed(this.map(nameFirst(template), deeper(inner)), inner)
    })
  }

  /** What an expression produces, after `key:` or `-`. */
  #produced(head: string, template: unknown, node: Node, scope: Scope): string[] {
    const below = scope.indent + 2
    const go = this.#go(template, scope)
    if (node.op === 'overlay' || node.op === 'withoutEmpty') {
      const text = node.op === 'overlay' ? this.#overlayText(node, scope) : this.#withoutEmpty(node.of, scope)
      return [line(scope, head), line(deeper(scope), `{{- ${text} | nindent ${below} }}`)]
    }
    if (node.op === 'digest')
      return [
        line(scope, `${head} {{ list`),
        ...node.of.map((each) => line(deeper(deeper(scope)), this.#operand(each, scope))),
        line(deeper(scope), `| ${DIGESTED} | quote }}`),
      ]
    if (node.op === 'asYaml' && ['list', 'map'].includes(kindOf(node.of, this.#defaults)))
      return [line(scope, `${head} |-`), line(deeper(scope), `{{- ${go.code} | nindent ${below} }}`)]
    switch (kindOf(template, this.#defaults)) {
      case 'text':
        return [line(scope, `${head} {{ ${this.#quoted(template, node, scope)} }}`)]
      case 'boolean':
        return [line(scope, `${head} {{ ${go.code} }}`)]
      case 'list':
      case 'map':
        return [
          line(scope, head),
          line(deeper(scope), `{{- toYaml ${this.#operand(template, scope)} | nindent ${below} }}`),
        ]
      default:
        return [line(scope, `${head} {{ toJson ${this.#operand(template, scope)} }}`)]
    }
  }

  #quoted(template: unknown, node: Node, scope: Scope): string {
    const isBoolean = node.op === 'asText' && kindOf(node.of, this.#defaults) === 'boolean'
    const go = isBoolean ? this.#go(node.of, scope) : goTextOf(template, this.#around(scope))
    return `${go.code} | quote`
  }

  #commented(node: Extract<Node, { op: 'comment' }>, scope: Scope, lines: Lines): string[] {
    const inner = nodeOf(node.of)
    // A comment on something that may be absent is absent with it.
    if (inner?.op === 'when' && inner.otherwise === undefined) {
      const then = { $expression: { op: 'comment', text: node.text, of: inner.then } }
      return this.#choice({ ...inner, then }, scope, lines)
    }
    return [...commentLines(node.text, scope), ...lines(node.of, scope)]
  }

  #choice(node: When, scope: Scope, lines: Lines): string[] {
    if (knows(scope, node.condition)) return lines(node.then, scope)
    if (node.otherwise === undefined)
      return this.#guardedBy(node.condition, scope, (inner) => lines(node.then, inner), node.then)
    const printed = [
      line(scope, `{{- if ${this.#condition(node.condition, scope)} }}`),
      ...lines(node.then, knowing(scope, node.condition)),
    ]
    let rest: unknown = node.otherwise
    for (let next = nodeOf(rest); next?.op === 'when'; next = nodeOf(rest)) {
      printed.push(line(scope, `{{- else if ${this.#condition(next.condition, scope)} }}`))
      printed.push(...lines(next.then, knowing(scope, next.condition)))
      rest = next.otherwise
    }
    if (rest !== undefined) printed.push(line(scope, '{{- else }}'), ...lines(rest, scope))
    return [...printed, line(scope, '{{- end }}')]
  }

  /** `with` rather than `if` where what is asked for is what gets printed. */
  #guardedBy(
    condition: unknown,
    scope: Scope,
    lines: (scope: Scope) => string[],
    body = condition,
  ): string[] {
    if (knows(scope, condition)) return lines(scope)
    const isAsked = JSON.stringify(body)?.includes(JSON.stringify(condition)) === true
    if (!isAsked || kindOf(condition, this.#defaults) === 'boolean')
      return this.guarded(condition, scope, lines)
    return [
      line(scope, `{{- with ${this.#condition(condition, scope)} }}`),
      ...lines(inWith(scope, condition)),
      line(scope, '{{- end }}'),
    ]
  }

  #present(presence: Presence, scope: Scope, lines: (scope: Scope) => string[]): string[] {
    if (presence === 'never') return []
    return presence === 'always' ? lines(scope) : this.#guardedByPresence(presence, scope, lines)
  }

  #guardedByPresence(
    presence: Expression<unknown>,
    scope: Scope,
    lines: (scope: Scope) => string[],
  ): string[] {
    return nodeOf(presence)?.op === 'any'
      ? this.guarded(presence, scope, lines)
      : this.#guardedBy(presence, scope, lines)
  }

  #range(variables: string, of: unknown, body: unknown, scope: Scope): string[] {
    return [
      line(scope, `{{- range ${variables} := ${this.#go(of, scope).code} }}`),
      ...this.#item(body, inRange(scope)),
      line(scope, '{{- end }}'),
    ]
  }

  #overlayText(node: Overlay, scope: Scope): string {
    const parts = [
      `"base" (include ${JSON.stringify(this.#baseOf(node, scope))} $)`,
      `"over" ${this.#operand(node.over, scope)}`,
      ...(node.fixed.length === 0
        ? []
        : [`"fixed" (list ${node.fixed.map((key) => JSON.stringify(key)).join(' ')})`]),
      ...(node.asText ? ['"asText" true'] : []),
    ]
    const separator = `\n${' '.repeat(scope.indent + 4)}`
    return `include "istio-cni.overlay" (dict${separator}${parts.join(separator)})`
  }

  /** The base of an overlay is a named template, so that it is readable YAML and still can be merged. */
  #baseOf(node: Overlay, scope: Scope): string {
    if (JSON.stringify(node.base).includes('"op":"variable"'))
      throw new TemplateError(
        'TEMPLATE_NOT_PRINTABLE',
        `${scope.path.join('.')}: the base of an overlay is printed as a template of its own and can't use loop variables`,
      )
    const name = ['istio-cni', this.#name, ...scope.path].join('.')
    const inner = { ...fileScope, path: scope.path }
    this.named.set(
      name,
      this.block(() => this.map(node.base as object, inner)),
    )
    return name
  }

  #withoutEmpty(of: unknown, scope: Scope): string {
    return `include "istio-cni.without-empty" ${this.#operand(of, scope)}`
  }

  #condition(condition: unknown, scope: Scope): string {
    return conditionOf(condition, this.#around(scope)).code
  }

  #operand(template: unknown, scope: Scope): string {
    return operand(this.#go(template, scope))
  }

  #go(template: unknown, scope: Scope): Go {
    return goOf(template, this.#around(scope))
  }

  #newVariables(): Variables {
    return new Variables((template, isCondition) =>
      isCondition ? this.#condition(template, fileScope) : this.#go(template, fileScope).code,
    )
  }

  #around(scope: Scope): Surroundings {
    return {
      defaults: this.#defaults,
      dotIsRoot: scope.dotIsRoot,
      ...(scope.dot === undefined ? {} : { dot: scope.dot }),
      variable: (node) => this.#variables.variable(node),
      overlay: (node) => ({ code: `${this.#overlayText(node, scope)} | fromYaml`, isCall: true }),
    }
  }
}

/** A list or map with something in it, which takes lines of its own. */
const holdsParts = (template: unknown): template is object =>
  typeof template === 'object' && template !== null && Object.keys(template).length > 0

/** An item begins with what is always there: its name, as is the custom, or the first such key. */
const nameFirst = (map: object): object => {
  const entries = Object.entries(map)
  const begins = ([, template]: [string, unknown]): boolean =>
    presenceOf(template) === 'always' && nodeOf(template)?.op !== 'when'
  const first =
    entries.find((entry) => entry[0] === 'name' && begins(entry)) ?? entries.find((entry) => begins(entry))
  return first === undefined ? map : Object.fromEntries([first, ...entries.filter((each) => each !== first)])
}

/** Lines, indented by two columns more than the scope, as an item of a list. */
const dashed = (lines: readonly string[], scope: Scope): string[] => {
  const start = lines.findIndex((each) => !each.trimStart().startsWith('#'))
  const first = lines[start]
  if (first === undefined || first.trimStart().startsWith('{{-')) return [line(scope, '-'), ...lines]
  return [
    ...lines.slice(0, start).map((each) => each.slice(2)),
    line(scope, `- ${first.trimStart()}`),
    ...lines.slice(start + 1),
  ]
}
