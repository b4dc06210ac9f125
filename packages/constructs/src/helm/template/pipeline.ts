import { type Node, nodeOf, TemplateError } from '../../expressions/index.ts'
import { atom, call, type Go, goNumber, goPattern, goText, piped } from './go.ts'
import { kindOf } from './kind.ts'

/** What becomes of a list whose digest is asked for. */
export const DIGESTED = 'toJson | sha256sum'

/** What the code around an expression has to offer it. */
export interface Surroundings {
  readonly defaults: object
  /** Inside `range` and `with`, `.` is something else, and the root is `$`. */
  readonly dotIsRoot: boolean
  /** The expression, as JSON, that `.` stands for inside `with`. */
  readonly dot?: string
  /** The variable that has the named expression. */
  readonly variable: (node: Extract<Node, { op: 'named' }>) => Go
  /** The code of an overlay as a map: it needs a named template for its base. */
  readonly overlay: (node: Extract<Node, { op: 'overlay' }>) => Go
}

/** A template as Go template code that produces it as a value. */
export const goOf = (template: unknown, around: Surroundings): Go => {
  const node = nodeOf(template)
  if (node === undefined) return goOfLiteral(template, around)
  return around.dot === JSON.stringify(template) ? atom('.') : goOfNode(node, around)
}

/** The code after `if` and `with`, where every value is a condition as it is. */
export const conditionOf = (condition: unknown, around: Surroundings): Go => {
  const node = nodeOf(condition)
  if (around.dot === JSON.stringify(condition)) return atom('.')
  if (node?.op !== 'all' && node?.op !== 'any') return goOf(condition, around)
  return joined({ ...node, of: flat(node, node.op) }, (each) => conditionOf(each, around))
}

/** The same as a text. */
export const goTextOf = (template: unknown, around: Surroundings): Go => {
  const go = goOf(template, around)
  switch (kindOf(template, around.defaults)) {
    case 'text':
      return go
    case 'boolean':
      return call('toString', go)
    case 'number':
      return call('toJson', go)
    default:
      return call('include', goText('istio-cni.text'), go)
  }
}

const goOfLiteral = (literal: unknown, around: Surroundings): Go => {
  switch (typeof literal) {
    case 'string':
      return goText(literal)
    case 'number':
      return goNumber(literal)
    case 'boolean':
      return atom(String(literal))
    case 'object':
      if (literal === null) return atom('nil')
      if (Array.isArray(literal)) return call('list', ...literal.map((each) => goOf(each, around)))
      return call(
        'dict',
        ...Object.entries(literal).flatMap(([key, each]) => [goText(key), goOf(each, around)]),
      )
    default:
      throw notPrintable(`${typeof literal} is no part of a manifest`)
  }
}

const fields = {
  release: {
    name: 'Release.Name',
    namespace: 'Release.Namespace',
    service: 'Release.Service',
    revision: 'Release.Revision',
  },
  chart: { name: 'Chart.Name', version: 'Chart.Version', appVersion: 'Chart.AppVersion' },
} as const

const goOfNode = (node: Node, around: Surroundings): Go => {
  const go = (template: unknown): Go => goOf(template, around)
  const root = around.dotIsRoot ? '.' : '$.'
  switch (node.op) {
    case 'value':
      return atom(`$values.${node.path}`)
    case 'variable':
      return atom(`$${node.name}`)
    case 'release':
      return atom(`${root}${fields.release[node.field]}`)
    case 'chart':
      return atom(`${root}${fields.chart[node.field]}`)
    case 'comment':
      return go(node.of)
    case 'when':
      if (node.otherwise === undefined)
        throw notPrintable('A part of a text, or an operand, must not be absent: give `when` an alternative')
      return call('ternary', go(node.then), go(node.otherwise), asBoolean(node.condition, around))
    case 'firstOf':
      return call('or', ...node.of.map(go))
    case 'all':
    case 'any':
      return joined(node, (each) => asBoolean(each, around))
    case 'not': {
      const inner = nodeOf(node.of)
      if (inner?.op === 'equals') return compared(inner, false, around)
      return call('not', conditionOf(node.of, around))
    }
    case 'equals':
      return compared(node, true, around)
    case 'isOneOf':
      return call('has', go(node.of), go(node.options))
    case 'matches':
      return call('regexMatch', goPattern(node.pattern), go(node.of))
    case 'contains':
      return call('contains', goText(node.part), go(node.text))
    case 'text':
      return goOfText(node, around)
    case 'asText':
      return goTextOf(node.of, around)
    case 'asYaml':
      return call('toYaml', go(node.of))
    case 'digest':
      return piped(call('list', ...node.of.map(go)), DIGESTED)
    case 'labelValue':
      return piped(go(node.of), 'replace "+" "_" | trunc 63 | trimSuffix "-"')
    case 'join':
      return call('join', goText(node.separator), go(node.list))
    case 'withoutEmpty':
      return piped(call('include', goText('istio-cni.without-empty'), go(node.of)), 'fromYaml')
    case 'overlay':
      return around.overlay(node)
    case 'named':
      return around.variable(node)
    case 'each':
    case 'entries':
    case 'spread':
      throw notPrintable(`${node.op} stands for items of a list: put it into a list literal`)
  }
}

/** A boolean needs no comparison to be asked. */
const compared = (
  { left, right }: Extract<Node, { op: 'equals' }>,
  isSame: boolean,
  around: Surroundings,
): Go => {
  if (typeof right !== 'boolean' || kindOf(left, around.defaults) !== 'boolean')
    return call(isSame ? 'eq' : 'ne', goOf(left, around), goOf(right, around))
  return right === isSame ? goOf(left, around) : call('not', goOf(left, around))
}

/** `any(any(a, b), c)` is `any(a, b, c)`; as a condition, so is `any(firstOf(a, b), c)`. */
const flat = (node: Node, op: 'all' | 'any'): readonly unknown[] => {
  const isSame = node.op === op || (op === 'any' && node.op === 'firstOf')
  if (!isSame || !('of' in node) || !Array.isArray(node.of)) return [{ $expression: node }]
  return node.of.flatMap((each) => {
    const inner = nodeOf(each)
    return inner === undefined ? [each] : flat(inner, op)
  })
}

const joined = (node: Extract<Node, { op: 'all' | 'any' | 'firstOf' }>, go: (of: unknown) => Go): Go => {
  const [first, ...others] = node.of.map(go)
  if (first === undefined) throw notPrintable(`${node.op} of nothing`)
  return others.length === 0 ? first : call(node.op === 'all' ? 'and' : 'or', first, ...others)
}

/** As a condition a value is good as it is; where the boolean itself is the result, it has to be one. */
const asBoolean = (condition: unknown, around: Surroundings): Go => {
  const go = goOf(condition, around)
  return kindOf(condition, around.defaults) === 'boolean' ? go : call('not', call('empty', go))
}

const goOfText = (node: Extract<Node, { op: 'text' }>, around: Surroundings): Go => {
  const [part] = node.parts
  if (node.parts.length === 1 && node.literals.every((literal) => literal === ''))
    return goTextOf(part, around)
  const format = node.literals.map((literal, index) => {
    const part = node.parts[index]
    const written = index >= node.parts.length ? '' : typeof part === 'string' ? percent(part) : '%s'
    return `${percent(literal)}${written}`
  })
  const parts = node.parts.filter((each) => typeof each !== 'string')
  return call('printf', goText(format.join('')), ...parts.map((each) => goTextOf(each, around)))
}

const percent = (text: string): string => text.replaceAll('%', '%%')

const notPrintable = (message: string): TemplateError => new TemplateError('TEMPLATE_NOT_PRINTABLE', message)
