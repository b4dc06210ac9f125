import { createHash } from 'node:crypto'
import type { TemplateContext } from './context.ts'
import { TemplateError } from './errors.ts'
import type { Expression, Plain, Template } from './expression.ts'
import { goJson } from './go-json.ts'
import { type Node, nodeOf } from './node.ts'
import { labelText, scalarText, sortedKeys } from './scalar-text.ts'
import { isEmpty } from './truth.ts'
import { yamlText } from './yaml-text.ts'

type Variables = Readonly<Record<string, unknown>>
type JsonMap = Record<string, unknown>

/** What `each`, `entries` and `spread` leave behind for the list in which they stand. */
class Spread {
  readonly items: readonly unknown[]

  constructor(items: readonly unknown[]) {
    this.items = items
  }
}

/**
 * The template with values in place of its expressions: plain JSON, undefined if nothing is left. A key or an item whose
 * expression produces nothing is absent, and so is a list or map that had something and has nothing left.
 */
export const evaluate = <T>(template: Template<T> | Expression<T>, context: TemplateContext): Plain<T> =>
  new Evaluation(context).of(template, {}) as Plain<T>

class Evaluation {
  readonly #context: TemplateContext

  constructor(context: TemplateContext) {
    this.#context = context
  }

  of(template: unknown, variables: Variables): unknown {
    const node = nodeOf(template)
    if (node !== undefined) return this.#node(node, variables)
    if (Array.isArray(template)) return this.#list(template, variables)
    if (typeof template === 'object' && template !== null) return this.#map(template, variables)
    return template
  }

  #list(list: readonly unknown[], variables: Variables): readonly unknown[] | undefined {
    const items: unknown[] = []
    for (const item of list) {
      const produced = this.of(item, variables)
      if (produced instanceof Spread) items.push(...produced.items)
      else if (produced !== undefined) items.push(produced)
    }
    return items.length === 0 && list.length > 0 ? undefined : items
  }

  #map(map: object, variables: Variables): JsonMap | undefined {
    const entries = Object.entries(map)
      .map(([key, value]) => [key, this.of(value, variables)] as const)
      .filter(([, value]) => value !== undefined)
    return entries.length === 0 && Object.keys(map).length > 0 ? undefined : Object.fromEntries(entries)
  }

  #node(node: Node, variables: Variables): unknown {
    switch (node.op) {
      case 'value':
        return this.#value(node.path)
      case 'release':
        return this.#context.release[node.field]
      case 'chart':
        return this.#context.chart[node.field]
      case 'variable':
        return variables[node.name]
      case 'comment':
      case 'named':
        return this.of(node.of, variables)
      case 'when':
        return this.of(this.#holds(node.condition, variables) ? node.then : node.otherwise, variables)
      case 'firstOf':
        return this.#firstOf(node.of, variables)
      case 'all':
        return node.of.every((each) => this.#holds(each, variables))
      case 'any':
        return node.of.some((each) => this.#holds(each, variables))
      case 'not':
        return !this.#holds(node.of, variables)
      case 'equals':
        return this.of(node.left, variables) === this.of(node.right, variables)
      case 'isOneOf':
        return node.options.some((option) => option === this.of(node.of, variables))
      case 'matches':
        return new RegExp(node.pattern, 'u').test(this.#text(node.of, variables))
      case 'contains':
        return this.#text(node.text, variables).includes(node.part)
      case 'text':
        return String.raw({ raw: node.literals }, ...node.parts.map((part) => this.#text(part, variables)))
      case 'asText':
        return this.#text(node.of, variables)
      case 'asYaml':
        return yamlText(this.of(node.of, variables))
      case 'digest':
        return sha256(goJson(node.of.map((each) => this.of(each, variables))))
      case 'labelValue':
        return labelText(this.#text(node.of, variables))
      case 'join':
        return this.#items(node.list, variables).map(scalarText).join(node.separator)
      case 'spread':
        return new Spread(this.#items(node.list, variables))
      case 'each':
        return this.#spread(
          this.#items(node.list, variables).map((item) => ({ [node.item]: item })),
          node.body,
          variables,
        )
      case 'entries':
        return this.#spread(
          sortedEntries(this.of(node.map, variables)).map(([key, value]) => ({
            [node.key]: key,
            [node.value]: value,
          })),
          node.body,
          variables,
        )
      case 'overlay':
        return this.#overlay(node, variables)
      case 'withoutEmpty':
        return withoutEmpty(this.of(node.of, variables)) ?? {}
    }
  }

  #value(path: string): unknown {
    return path
      .split('.')
      .reduce<unknown>((at, key) => (at as JsonMap | undefined)?.[key], this.#context.values)
  }

  #holds(condition: unknown, variables: Variables): boolean {
    return !isEmpty(this.of(condition, variables))
  }

  #firstOf(of: readonly unknown[], variables: Variables): unknown {
    const all = of.map((each) => this.of(each, variables))
    return all.find((each) => !isEmpty(each)) ?? all.at(-1)
  }

  #text(template: unknown, variables: Variables): string {
    return scalarText(this.of(template, variables))
  }

  #items(list: unknown, variables: Variables): readonly unknown[] {
    const items = this.of(list, variables) ?? []
    if (Array.isArray(items)) return items
    throw new TemplateError('TEMPLATE_NOT_EVALUABLE', `A list is expected, not ${JSON.stringify(items)}`)
  }

  #spread(scopes: readonly Variables[], body: unknown, variables: Variables): Spread {
    const produced = scopes.map((scope) => this.of(body, { ...variables, ...scope }))
    return new Spread(
      produced.flatMap((item) => (item instanceof Spread ? item.items : item === undefined ? [] : [item])),
    )
  }

  #overlay(node: Extract<Node, { op: 'overlay' }>, variables: Variables): JsonMap {
    const over = sortedEntries(this.of(node.over, variables))
      .filter(([key]) => !node.fixed.includes(key))
      .map(([key, value]) => [key, node.asText ? scalarText(value) : value])
    return { ...(this.of(node.base, variables) as JsonMap | undefined), ...Object.fromEntries(over) }
  }
}

const sortedEntries = (map: unknown): [string, unknown][] =>
  typeof map === 'object' && map !== null ? sortedKeys(map).map((key) => [key, (map as JsonMap)[key]]) : []

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

const withoutEmpty = (value: unknown): unknown => {
  if (value === null || value === undefined || value === '') return undefined
  if (Array.isArray(value)) return value
  if (typeof value !== 'object') return value
  const entries = Object.entries(value)
    .map(([key, each]) => [key, withoutEmpty(each)] as const)
    .filter(([, each]) => each !== undefined)
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}
