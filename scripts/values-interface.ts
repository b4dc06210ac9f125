// The chart's values as interfaces with their documentation, for editors: what the model infers has none.
import { type ValueRow, valueRows, valueSections } from '@istio-install-cni/config-schema'

const HEAD = `// Generated from packages/config-schema by npm run generate.
import type { ValuesInput } from '@istio-install-cni/config-schema'

/** What the model says stands at a path. */
type At<Path extends string, Parent = ValuesInput> = Path extends \`\${infer Key}.\${infer Rest}\`
  ? Key extends keyof Parent
    ? At<Rest, NonNullable<Parent[Key]>>
    : never
  : Path extends keyof Parent
    ? Parent[Path]
    : never
`

/** Of values at the root that choose others, and cannot stand under `cni`. */
const CHOICES = 'Profiles'
/** The key whose values are shared with other charts, and cannot stand under `cni` either. */
const SHARED = 'global'

/** What the constructs' props are made of. */
const exported = ['AgentInput', 'ChoicesInput', 'GlobalInput']

/** Source of the interfaces: two for the root, and one for each key that has values below it. */
export function valuesInterfaces(): string {
  const atRoot = valueRows.filter(({ path }) => parentOf(path) === '')
  const agent = [
    ...atRoot.filter(({ group }) => group !== CHOICES).map(member),
    ...sectionsIn('').filter((section) => !section.includes(`${SHARED}?`)),
  ]
  const choices = atRoot.filter(({ group }) => group === CHOICES).map(member)
  return [
    HEAD,
    interfaceOf('AgentInput', 'Values of the agent, at the root or under `cni`.', agent),
    interfaceOf('ChoicesInput', 'Values at the root that choose others.', choices),
    ...[...valueSections].map(([path, about]) => {
      const members = valueRows.filter((row) => parentOf(row.path) === path).map(member)
      return interfaceOf(nameOf(path), about, [...members, ...sectionsIn(path)])
    }),
  ].join('\n')
}

/** `ambient.probeAddress` → `AmbientProbeAddressInput` */
function nameOf(path: string): string {
  const words = path.split('.').map((word) => word.charAt(0).toUpperCase() + word.slice(1))
  return `${words.join('')}Input`
}

function interfaceOf(name: string, about: string, members: readonly string[]): string {
  const keyword = exported.includes(name) ? 'export interface' : 'interface'
  return `${comment([about], '')}${keyword} ${name} {\n${members.join('')}}\n`
}

function sectionsIn(parent: string): string[] {
  return [...valueSections]
    .filter(([path]) => parentOf(path) === parent)
    .map(([path, about]) => {
      const type = `${nameOf(path)} | undefined`
      return `${comment([about], '  ')}  readonly ${keyOf(path)}?: ${type}\n`
    })
}

function member(row: ValueRow): string {
  const notes = [
    `${row.effect === 'none' ? 'Without effect. ' : ''}${row.description}`,
    row.deprecated === undefined
      ? `@default ${literal(row.default)}`
      : `@deprecated Write \`${row.deprecated}\`.`,
  ]
  return `${comment(notes, '  ')}  readonly ${keyOf(row.path)}?: At<'${row.path}'>\n`
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : JSON.stringify(value)
}

/** Paragraphs as a comment for editors, wrapped. */
function comment(paragraphs: readonly string[], indent: string): string {
  const [first = '', ...others] = paragraphs
  if (others.length === 0 && first.length < 100) return `${indent}/** ${first} */\n`
  const lines = paragraphs.flatMap((paragraph, at) => [...(at === 0 ? [] : ['']), ...wrapped(paragraph)])
  return [
    `${indent}/**`,
    ...lines.map((line) => `${indent} *${line === '' ? '' : ` ${line}`}`),
    `${indent} */\n`,
  ].join('\n')
}

function wrapped(text: string): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.pop() ?? ''
    if (last === '') lines.push(word)
    else if (last.length + word.length > 98) lines.push(last, word)
    else lines.push(`${last} ${word}`)
  }
  return lines
}

function parentOf(path: string): string {
  return path.split('.').slice(0, -1).join('.')
}

function keyOf(path: string): string {
  return path.split('.').at(-1) ?? path
}
