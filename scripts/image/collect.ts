// In the image's build: what the runtime image needs of Debian's packages, and no more of them.
//   node collect.ts BASE OUTPUT     puts what the tree BASE does not have into the tree OUTPUT
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

/** Files by their packages; what they load follows from them. */
const wanted: readonly (readonly [name: string, files: RegExp])[] = [
  ['tini', /^\/usr\/bin\/tini$/],
  ['iptables', /^\/usr\/sbin\/(xtables-(nft|legacy)-multi|ip6?tables-(nft|legacy)(-restore|-save)?)$/],
  ['iptables', /\/xtables\/lib(xt|ipt|ip6t)_\w+\.so$/],
  ['nftables', /^\/usr\/sbin\/nft$/],
  ['libnftables1', /\/libnftables\.so\.1/],
  ['util-linux', /^\/usr\/bin\/nsenter$/],
]
const node = process.execPath
const certificates = '/etc/ssl/certs/ca-certificates.crt'

/** What Debian's packages make when they are installed, and what every tree has. */
const links: Readonly<Record<string, string>> = {
  '/usr/sbin/iptables': 'iptables-nft',
  '/usr/sbin/ip6tables': 'ip6tables-nft',
  '/bin': 'usr/bin',
  '/sbin': 'usr/sbin',
  '/lib': 'usr/lib',
  '/lib64': 'usr/lib64',
  '/var/run': '/run',
  '/etc/os-release': '../usr/lib/os-release',
}
const texts: Readonly<Record<string, string>> = {
  '/etc/passwd': 'nonroot:x:65532:65532:nonroot:/:/usr/sbin/nologin\n',
  '/etc/group': 'nonroot:x:65532:\n',
  '/etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
}
const directories = ['/run', '/proc', '/sys', '/dev', '/usr/bin', '/usr/sbin', '/usr/lib']

const [base = '', output = ''] = process.argv.slice(2)
const run = (program: string, ...args: string[]) => execFileSync(program, args, { encoding: 'utf8' })
const lines = (text: string) => text.split('\n').filter((line) => line !== '')
const isThere = (path: string) => lstatSync(path, { throwIfNoEntry: false }) !== undefined
const isLink = (path: string) => lstatSync(path).isSymbolicLink()

const chosen = wanted.flatMap(([name, files]) => {
  const found = lines(run('dpkg', '-L', name)).filter((path) => files.test(path))
  if (found.length === 0) throw new Error(`package ${name} has no ${files}`)
  return found
})
const programs = [node, ...chosen.filter((path) => !isLink(path))]
const loaded = programs.flatMap((path) =>
  [...run('ldd', path).matchAll(/(?:=> |^\t)(\/\S+) \(0x/gm)].map(([, library = '']) => library),
)
/** By the names under which they are asked for, and by their own; below /usr, where Debian has them. */
const libraries = loaded.flatMap((path) => {
  const usual = existsSync(`/usr${path}`) ? `/usr${path}` : path
  return [usual, realpathSync(path)]
})
const files = new Set([...chosen, ...libraries, '/usr/lib/os-release'])

for (const path of directories)
  if (!isThere(join(base, path))) mkdirSync(join(output, path), { recursive: true })
for (const path of [...files, certificates]) put(path)
for (const [path, target] of Object.entries(links)) if (prepare(path)) symlinkSync(target, join(output, path))
for (const [path, text] of Object.entries(texts)) if (prepare(path)) writeFileSync(join(output, path), text)
const packages = new Set([
  ...packagesOf([...files]),
  ...(isThere(join(output, certificates)) ? ['ca-certificates'] : []),
])
for (const name of packages) {
  put(`/usr/share/doc/${name}/copyright`)
  // Where scanners look for the packages of an image that has no dpkg.
  const status = `/var/lib/dpkg/status.d/${name}`
  if (prepare(status)) writeFileSync(join(output, status), run('dpkg-query', '--status', name))
}

function put(path: string): void {
  if (isThere(join(base, path)) && sameContent(path, join(base, path))) return
  const target = join(output, path)
  if (isThere(target)) return
  mkdirSync(dirname(target), { recursive: true })
  if (isLink(path)) symlinkSync(readlinkSync(path), target)
  else {
    copyFileSync(path, target)
    chmodSync(target, lstatSync(path).mode & 0o755)
  }
}

/** @returns whether it is to be made */
function prepare(path: string): boolean {
  if (isThere(join(base, path)) || isThere(join(output, path))) return false
  mkdirSync(dirname(join(output, path)), { recursive: true })
  return true
}

function sameContent(one: string, other: string): boolean {
  if (isLink(one) || isLink(other))
    return isLink(one) && isLink(other) && readlinkSync(one) === readlinkSync(other)
  return readFileSync(one).equals(readFileSync(other))
}

function packagesOf(paths: readonly string[]): string[] {
  const owned = lines(run('dpkg', '-S', ...paths)).map((line) => line.replace(/:.*/, ''))
  return [...new Set(owned)].sort()
}
