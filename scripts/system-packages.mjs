// What the project needs from the distribution, and the Debian or Ubuntu packages that bring it.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** rquickjs and its dependencies compile with this one (Debian 13's). */
const oldestRust = [1, 85]

const binaryDirectories = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']
const libraryDirectories = [
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/usr/lib64',
  '/usr/lib',
  '/lib',
]

const binary = (name) => binaryDirectories.some((directory) => existsSync(join(directory, name)))
const library = (name) => libraryDirectories.some((directory) => existsSync(join(directory, name)))

const needs = [
  { present: () => binary('iptables-nft-restore') && binary('iptables-legacy-restore'), package: 'iptables' },
  { present: () => binary('nft'), package: 'nftables' },
  { present: () => library('libnftables.so.1'), package: 'libnftables1' },
  { present: () => binary('ip'), package: 'iproute2' },
  { present: () => binary('unshare') && binary('nsenter'), package: 'util-linux' },
  { present: () => binary('setcap'), package: 'libcap2-bin' },
  { present: () => binary('gpg'), package: 'gpg gpg-agent' },
  { present: () => binary('cc') || binary('gcc'), package: 'gcc libc6-dev' },
]

/** Only images need these. */
const imageNeeds = [
  { present: () => binary('buildah'), package: 'buildah' },
  { present: () => binary('mmdebstrap'), package: 'mmdebstrap' },
  { present: () => binary('runc'), package: 'runc' },
]

function rustVersion(rustc) {
  const { status, stdout } = spawnSync(rustc, ['--version'], { encoding: 'utf8' })
  const match = status === 0 ? /rustc (\d+)\.(\d+)/.exec(stdout) : null
  return match ? [Number(match[1]), Number(match[2])] : undefined
}

const isNewEnough = (version) =>
  version !== undefined &&
  (version[0] > oldestRust[0] || (version[0] === oldestRust[0] && version[1] >= oldestRust[1]))

/** Directories that may hold cargo and rustc side by side: PATH, rustup's, and Ubuntu's versioned packages. */
function rustDirectories() {
  const versioned = existsSync('/usr/lib')
    ? readdirSync('/usr/lib')
        .filter((name) => /^rust-1\.\d+$/.test(name))
        .map((name) => join('/usr/lib', name, 'bin'))
    : []
  return [
    ...(process.env.PATH ?? '').split(':'),
    join(process.env.HOME ?? '/root', '.cargo/bin'),
    ...versioned,
  ]
}

function findRust() {
  return rustDirectories().find(
    (directory) =>
      directory !== '' &&
      existsSync(join(directory, 'cargo')) &&
      isNewEnough(rustVersion(join(directory, 'rustc'))),
  )
}

/** The first pair of this release's packages whose candidate is new enough. */
function rustPackages() {
  const minors = Array.from({ length: 30 }, (_, index) => oldestRust[1] + index)
  const pairs = [
    ['rustc', 'cargo'],
    ['rustc-web', 'cargo-web'],
    ...minors.map((minor) => [`rustc-1.${minor}`, `cargo-1.${minor}`]),
  ]
  spawnSync('apt-get', ['update'], { stdio: 'ignore' })
  const policy =
    spawnSync('apt-cache', ['policy', ...pairs.map(([rustc]) => rustc)], { encoding: 'utf8' }).stdout ?? ''
  for (const [rustc, cargo] of pairs) {
    const block = new RegExp(
      `^${rustc.replace('.', '\\.')}:\\n(?: .*\\n)*? *Candidate: (?:\\d+:)?(\\d+)\\.(\\d+)`,
      'm',
    ).exec(policy)
    if (block && isNewEnough([Number(block[1]), Number(block[2])])) return [rustc, cargo]
  }
  return ['rustc', 'cargo']
}

/** Names of packages to install; empty when nothing is missing. */
export function missingSystemPackages() {
  const missing = needs.filter((need) => !need.present()).flatMap((need) => need.package.split(' '))
  return findRust() === undefined ? [...missing, ...rustPackages()] : missing
}

/** Names of packages that building and testing images needs besides. */
export function missingImagePackages() {
  return imageNeeds.filter((need) => !need.present()).map((need) => need.package)
}

/** Environment for the tasks: a PATH on which the cargo that was found comes first. */
export function toolEnvironment() {
  const rust = findRust()
  if (rust === undefined) return {}
  const path = [rust, '/usr/sbin', '/sbin', process.env.PATH ?? ''].join(':')
  return { PATH: path, CARGO: join(rust, 'cargo') }
}
