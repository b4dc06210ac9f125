import { defaultValues, valueRows } from '@istio-install-cni/config-schema'
import { Document, isMap, isPair, isScalar, type Pair, type YAMLMap } from 'yaml'

/** Below which key the chart keeps its defaults: so the templates can tell what the user gave from what nobody gave. */
const DEFAULTS_KEY = '_internal_defaults_do_not_set'

const heading = `\
# Values of the chart with their defaults. Write yours at the root, or below \`cni\`, not below
# \`${DEFAULTS_KEY}\`:
#
#   helm install istio-cni istio/cni -n istio-system --set ambient.enabled=true
`
/** Not among the chart's own values: \`_values.tpl\` reads them where the user wrote them. */
const choosing = valueRows.filter(({ path }) =>
  ['profile', 'platform', 'compatibilityVersion'].includes(path),
)
const { platform: _, ...defaults } = defaultValues

/** `values.yaml`: the defaults, each with its description. */
export const valuesFile = (): string => {
  const document = new Document({ [DEFAULTS_KEY]: ordered(defaults, '') })
  const map = document.get(DEFAULTS_KEY)
  if (isMap(map)) describe(map, '')
  return [heading, ...choices(), document.toString({ lineWidth: 0, indentSeq: true })].join('\n')
}

/** What has no default below the key: values that choose among defaults. */
function choices(): string[] {
  return choosing.map((row) => {
    const lines = [...wrapped(comment(row), WIDTH).split('\n'), ` One of ${row.type}.`, ` ${row.path}: ""`]
    return lines.map((line) => `#${line}\n`).join('')
  })
}

const WIDTH = 100
const positions = new Map(valueRows.map((row, index) => [row.path, index]))
const descriptions = new Map(valueRows.map((row) => [row.path, comment(row)]))

/** In the order of the reference. */
function ordered(values: object, path: string): unknown {
  const entries = Object.entries(values).map(([key, value]) => {
    const at = path === '' ? key : `${path}.${key}`
    return { key, at, value: isSection(at, value) ? ordered(value, at) : value }
  })
  entries.sort((a, b) => positionOf(a.at) - positionOf(b.at))
  return Object.fromEntries(entries.map(({ key, value }) => [key, value]))
}

function isSection(path: string, value: unknown): value is object {
  return (
    typeof value === 'object' && value !== null && valueRows.some((row) => row.path.startsWith(`${path}.`))
  )
}

function positionOf(path: string): number {
  const at = positions.get(path)
  if (at !== undefined) return at
  const below = valueRows.findIndex((row) => row.path.startsWith(`${path}.`))
  return below === -1 ? valueRows.length : below
}

function describe(map: YAMLMap, path: string): void {
  for (const pair of map.items) {
    if (!isPair(pair) || !isScalar(pair.key)) continue
    const at = path === '' ? String(pair.key.value) : `${path}.${pair.key.value}`
    const description = descriptions.get(at)
    if (description !== undefined)
      pair.key.commentBefore = wrapped(description, WIDTH - 2 * at.split('.').length)
    if (path === '' && pair !== map.items[0]) spaced(pair)
    if (isMap(pair.value) && isSection(at, {})) describe(pair.value, at)
  }
}

function spaced(pair: Pair): void {
  if (isScalar(pair.key)) pair.key.spaceBefore = true
}

function comment(row: (typeof valueRows)[number]): string {
  const notes = [
    row.description,
    ...(row.effect === 'none' ? ['Without effect.'] : []),
    ...(row.deprecated === undefined ? [] : [`Write \`${row.deprecated}\` instead.`]),
  ]
  return notes.join(' ')
}

function wrapped(text: string, width: number): string {
  const lines = ['']
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1) ?? ''
    if (last !== '' && last.length + word.length + 1 > width) lines.push(` ${word}`)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines.join('\n')
}
