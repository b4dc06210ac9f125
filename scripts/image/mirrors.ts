import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const debian = 'http://deb.debian.org'
const kept = ['debian', 'debian-security'] as const
export type Mirrors = Readonly<Record<(typeof kept)[number], string>>

/** Where a machine with these apt sources gets Debian from; Debian's own address where they do not say. */
export function mirrorsIn(sources: readonly string[]): Mirrors {
  const addresses = sources
    .flatMap((text) => text.split('\n'))
    .filter((line) => !/^\s*#/.test(line))
    .flatMap((line) => line.match(/https?:\/\/[^\s\]]+/g) ?? [])
    .map((address) => address.replace(/\/+$/, ''))
  const [main, security] = kept.map(
    (name) => addresses.find((address) => address.endsWith(`/${name}`)) ?? `${debian}/${name}`,
  )
  return { debian: main ?? '', 'debian-security': security ?? '' }
}

/** Those of this machine. @param directory of apt's configuration */
export function machineMirrors(directory = '/etc/apt'): Mirrors {
  const lists = join(directory, 'sources.list.d')
  const files = [join(directory, 'sources.list'), ...names(lists).map((name) => join(lists, name))]
  return mirrorsIn(files.map(textOf))
}

/** Lines of a sources.list for a release. */
export function sourceLines(release: string, mirrors: Mirrors): readonly string[] {
  return [
    `deb ${mirrors.debian} ${release} main`,
    `deb ${mirrors.debian} ${release}-updates main`,
    `deb ${mirrors['debian-security']} ${release}-security main`,
  ]
}

function names(directory: string): string[] {
  try {
    return readdirSync(directory).sort()
  } catch {
    return []
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
