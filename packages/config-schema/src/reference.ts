import type { AnySetting } from './settings/table.ts'
import { settingGroups } from './settings/table.ts'
import { WITHOUT_EFFECT } from './settings/without-effect.ts'
import { PLACEHOLDERS } from './template/placeholders.ts'

const RULES = `# Settings

<!-- Generated from packages/config-schema by npm run generate. -->

Everything that can be set for the agent, \`install-cni\`, and through it for the plugin.

- **Names.** A setting is an environment variable, \`CNI_NET_DIR\`, and a flag, \`--cni-net-dir\` or \`--cni_net_dir\`.
- **Files.** \`CNI_NET_DIR_FILE\` or \`--cni-net-dir-file\` names a file that holds the value. Giving a setting both
  ways is an error.
- **Precedence.** A flag beats a variable, which beats the default. Of a flag that is repeated the last counts.
- **Empty values.** An empty text is a value for strings, lists, label values, label and field selectors; for every
  other type it means the default.
- **Defaults** are the guide's; else what the original's chart sets; else what the original's agent assumes.
- **Booleans** are \`true\`, \`1\`, \`t\`, \`yes\`, \`on\` and \`false\`, \`0\`, \`f\`, \`no\`, \`off\`, in any letter case.
  The flag alone means \`true\`; \`false\` needs the equals sign: \`--ambient-enabled=false\`.
- **File modes** are octal with a leading zero (\`0600\`), decimal without (\`384\`). A mode that no data file has,
  such as \`600\` (octal 1130), is refused.
- **Mistakes.** Every bad value is reported in one error, and the agent does not start. So are unknown flags.
  Variables that nearly have the name of a setting are warned of. Contents of files and of \`CNI_NETWORK_CONFIG\`
  are never printed.
- **Service links.** A port set to \`tcp://…\` comes from Kubernetes, for a Service of that name; it is ignored with
  a warning.

## The node's directories and the container's

| on the node, as the runtime sees it | in the container, as the agent sees it |
|---|---|
| \`CNI_NET_DIR\` | \`MOUNTED_CNI_NET_DIR\` |
| \`CNI_BIN_DIR\` | \`MOUNTED_CNI_BIN_DIRS\` |
| \`CNI_AGENT_RUN_DIR\` | the same path |

The agent reads and writes through the right column. The left column is what it tells the plugin and the user. The
kubeconfig is written to \`MOUNTED_CNI_NET_DIR\`/\`KUBECFG_FILE_NAME\`, and the plugin is told
\`CNI_NET_DIR\`/\`KUBECFG_FILE_NAME\`; with \`KUBECONFIG_IN_RUN_DIR\` it is \`CNI_AGENT_RUN_DIR\`/\`istio-cni-kubeconfig\`
for both; with \`HOST_CREDENTIALS=false\` there is none.
`

/** The reference page of all settings, as Markdown. */
export function settingsReference(): string {
  const groups = settingGroups.map(({ title, settings }) =>
    [`\n## ${title}\n`, ...table(settings), ''].join('\n'),
  )
  return [RULES, ...groups, templates(), withoutEffect()].join('')
}

function table(rows: readonly AnySetting[]): string[] {
  return [
    '| variable, flag | type | default | meaning | chart value | key for the plugin | from |',
    '|---|---|---|---|---|---|---|',
    ...rows.map((row) => `| ${cells(row).map(escaped).join(' | ')} |`),
  ]
}

function cells(row: AnySetting): string[] {
  const also = (row.aliases ?? []).map((alias) => `, also \`${alias}\``).join('')
  const type = row.unit === undefined ? row.kind.type : `${row.kind.type}, ${row.unit}`
  return [
    `\`${row.env}\`${also}<br>\`--${row.flag}\``,
    type === 'word' ? row.kind.expectation : type,
    code(row.kind.print(row.default)),
    row.defaultFile === undefined
      ? row.description
      : `${row.description} Default in a pod: \`${row.defaultFile}\`.`,
    code(row.helmPath ?? ''),
    code(row.netconfKey ?? ''),
    row.since,
  ]
}

function templates(): string {
  const names = [...PLACEHOLDERS.keys()].map((name) => `\`__${name}__\``).join(', ')
  return `
## CNI_NETWORK_CONFIG

A JSON object with keys of our plugin's configuration; \`type\` may only be \`istio-cni\`. Its keys win over the
generated ones. The earlier names \`log_level\`, \`kubernetes.kubeconfig\` and \`kubernetes.exclude_namespaces\` are
understood. Placeholders, to be used inside of JSON strings: ${names}. The earlier \`__SERVICEACCOUNT_TOKEN__\` is
refused, because it would put a credential into a file that others read.
`
}

function withoutEffect(): string {
  const lines = [
    ...Object.entries(WITHOUT_EFFECT.flags).map(([flag, because]) => `| \`--${flag}\` | ${because} |`),
    ...Object.entries(WITHOUT_EFFECT.variables).map(([name, because]) => `| \`${name}\` | ${because} |`),
  ]
  return `
## Accepted without effect

The original's manifests may carry these.

| name | why |
|---|---|
${lines.join('\n')}
`
}

function code(text: string): string {
  return text === '' ? '' : `\`${text}\``
}

function escaped(cell: string): string {
  return cell.replaceAll('|', '\\|').replaceAll('\n', '<br>')
}
