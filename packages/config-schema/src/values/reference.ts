import { compatibilityVersions } from './layers/compatibility-versions.ts'
import type { Layer } from './layers/layer.ts'
import { platforms } from './layers/platforms.ts'
import { profiles } from './layers/profiles.ts'
import { type ValueRow, valueRows } from './rows.ts'

const RULES = `# Values of the chart

<!-- Generated from packages/config-schema by npm run generate. -->

The values of the chart \`istio-cni\`, the same as the properties of the construct \`IstioCni\`. They have the names,
defaults and meaning of the original's chart; what differs is in [differences](differences.md#the-charts-values).

- **Places.** A value stands at the root (\`ambient.enabled\`) or under \`cni\` (\`cni.ambient.enabled\`), as the guide
  and istioctl (\`values.cni.ambient.enabled\`) write it. If it stands at both, the one under \`cni\` counts.
- **Precedence.** The chart's defaults, then the profile, the compatibility version, the platform, and last what you
  wrote: it wins in every spelling.
- **Merging.** Maps merge key by key, lists replace. In maps of labels, annotations and environment variables, and in
  parts that go into the pod as they are (\`resources\`, \`affinity\`, \`seLinuxOptions\` …), \`null\` takes a key away. In the
  place of a value \`null\` is no list where the value is one, and else says nothing: the default, or a profile's, stays.
- **Mistakes.** Names that the chart does not have and values of the wrong type are refused, by the chart's JSON schema
  and by the constructs, which also say what was probably meant. Values of Istio's other charts are let through, and in a chart
  of charts whatever stands below \`global\`, which all of them share.
- **Text that looks like a number** needs quotes in a file, \`tag: "1.30"\`, and \`--set-string\` on the command line.
- **Image.** \`image\` with a tag or a digest is taken whole. With a registry but without a tag it is \`image:tag\`. A mere
  name is \`hub/image:tag\`, with \`-variant\` if there is one. Without any hub it is \`dhi.io/istio-install-cni\` at the chart's version.
- **Pull secrets** of \`global.imagePullSecrets\`, \`imagePullSecrets\` and \`cni.imagePullSecrets\` are put together. Each is a
  name or \`{name: …}\`.
- **Settings without a value** of their own are environment variables of the agent: \`env.KUBECONFIG_MODE=0640\`. All of
  them are in [settings](settings.md).
`

/** The reference page of all values, as Markdown. */
export function valuesReference(): string {
  return [RULES, valuesTables(), ...layerTables()].join('\n')
}

/** The tables of values alone, as Markdown, for a page that has its own introduction. */
export function valuesTables(): string {
  return chapters().join('\n')
}

function chapters(): string[] {
  const titles = [...new Set(valueRows.map(({ group }) => group))]
  return titles.map((title) => {
    const rows = valueRows.filter(({ group }) => group === title)
    return `## ${title}\n\n| value | type | default | meaning | from |\n|---|---|---|---|---|\n${rows.map(line).join('')}`
  })
}

function line(row: ValueRow): string {
  const cells = [`\`${row.path}\``, row.type, `\`${JSON.stringify(row.default)}\``, meaning(row), row.since]
  return `| ${cells.map(escaped).join(' | ')} |\n`
}

function meaning({ description, effect, deprecated }: ValueRow): string {
  const none = effect === 'none' ? 'Without effect. ' : ''
  const instead = deprecated === undefined ? '' : ` Write \`${deprecated}\`.`
  return none + description + instead
}

function layerTables(): string[] {
  return [
    layers('What profiles set', 'profile', profiles),
    layers('What compatibility versions set', 'compatibilityVersion', compatibilityVersions),
    layers('What platforms set', 'platform', platforms),
  ]
}

function layers(title: string, value: string, named: Readonly<Record<string, Layer>>): string {
  const lines = Object.entries(named).map(([name, layer]) => {
    const settings = assignments(layer).map((text) => `\`${text}\``)
    return `| \`${name}\` | ${escaped(settings.join('<br>')) || 'nothing'} |\n`
  })
  return `## ${title}\n\n| \`${value}\` | sets |\n|---|---|\n${lines.join('')}`
}

function assignments(layer: object, prefix = ''): string[] {
  return Object.entries(layer).flatMap(([key, value]) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? assignments(value, `${prefix}${key}.`)
      : [`${prefix}${key}=${JSON.stringify(value)}`],
  )
}

function escaped(cell: string): string {
  return cell.replaceAll('|', '\\|').replaceAll('\n', '<br>')
}
