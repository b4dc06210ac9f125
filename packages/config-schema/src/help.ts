import { boolean } from './kinds/boolean.ts'
import { type AnySetting, settingGroups } from './settings/table.ts'

/** A word that the program takes in place of its main job. */
export interface Command {
  readonly name: string
  readonly description: string
}

/** The text for --help, from the table of settings. */
export function helpText(commands: readonly Command[] = []): string {
  const width = Math.max(...commands.map(({ name }) => name.length), 0)
  const words = commands.map(({ name, description }) => `  ${name.padEnd(width)}  ${description}`)
  const groups = settingGroups.flatMap(({ title, settings }) => ['', `${title}:`, ...settings.flatMap(entry)])
  return [
    'Usage: install-cni [COMMAND] [FLAG]...',
    '',
    'Installs the Istio CNI plugin on a node and redirects the traffic of its pods.',
    ...(words.length > 0 ? ['', 'Commands:', ...words] : []),
    ...groups,
    '',
    'Every flag is also an environment variable: --cni-net-dir is CNI_NET_DIR. A flag beats the variable. With',
    '-file or _FILE behind its name, either names a file that holds the value.',
    '',
  ].join('\n')
}

function entry(row: AnySetting): string[] {
  const value = row.kind.type === boolean.type ? '' : `=${row.kind.type.toUpperCase().replaceAll(' ', '-')}`
  const fallback = row.kind.print(row.default)
  const shown = fallback === '' || fallback.length > 60 ? '' : ` (default ${fallback})`
  return [`  --${row.flag}${value}${shown}`, ...wrapped(row.description.replaceAll('`', ''), 100)]
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  let line = '     '
  for (const word of text.split(' ')) {
    if (line.length + word.length >= width) {
      lines.push(line)
      line = '     '
    }
    line += ` ${word}`
  }
  return [...lines, line]
}
