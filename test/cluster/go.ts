// A Go that can build Kubernetes: the machine's, or Debian's, unpacked below the cache.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { hasApt, packagesDirectory, unpack } from './debian-packages.ts'

/** From 1.21 on, go fetches the newer version that go.mod asks for. */
const oldestMinor = 21
const unpackedIn = join(packagesDirectory, 'usr/lib')

/** @returns the program; undefined when there is none, or only one that is too old */
export function findGo(): string | undefined {
  const unpacked = existsSync(unpackedIn)
    ? readdirSync(unpackedIn).filter((name) => /^go-1\./.test(name))
    : []
  const candidates = ['go', ...unpacked.map((name) => join(unpackedIn, name, 'bin/go'))]
  return candidates.find((go) => {
    const { stdout } = spawnSync(go, ['version'], { encoding: 'utf8', env: goEnvironment(go) })
    return isNewEnough(/go1\.(\d+)/.exec(stdout ?? '')?.[1])
  })
}

/** Debian's Go looks for its files where its packages install them; unpacked it must be told. */
export function goEnvironment(go: string): NodeJS.ProcessEnv {
  return go === 'go' ? process.env : { ...process.env, GOROOT: join(go, '../..') }
}

/** @returns the packages of the newest Go that this release has; none when it is too old */
export function goPackages(): readonly string[] {
  if (!hasApt()) return []
  if (knownMinors().length === 0) spawnSync('apt-get', ['update'], { stdio: 'ignore' })
  const newest = knownMinors()
    .filter(isNewEnough)
    .sort((a, b) => Number(b) - Number(a))[0]
  return newest === undefined ? [] : [`golang-1.${newest}-go`, `golang-1.${newest}-src`]
}

/** Of the versions of Go that apt's lists have; a new machine has no lists. */
function knownMinors(): string[] {
  const search = ['search', '--names-only', '^golang-1\\.[0-9]+-go$']
  const { stdout } = spawnSync('apt-cache', search, { encoding: 'utf8' })
  return [...(stdout ?? '').matchAll(/^golang-1\.(\d+)-go /gm)].map(([, minor]) => minor ?? '')
}

/** @returns the program, brought from Debian where the machine has none. @throws when there is none to be had */
export async function bringGo(): Promise<string> {
  const present = findGo()
  if (present !== undefined) return present
  await unpack(goPackages())
  const brought = findGo()
  if (brought === undefined) throw new Error(`no Go of version 1.${oldestMinor} or newer is to be had here`)
  return brought
}

function isNewEnough(minor: string | undefined): boolean {
  return minor !== undefined && Number(minor) >= oldestMinor
}
