import { lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import {
  IMAGE_AGENT_DIR,
  IMAGE_CNI_BIN_DIR,
  IMAGE_LAUNCHER,
  PLUGIN_NAME,
} from '@istio-install-cni/config-schema'
import { describe, expect, inject, it } from 'vitest'
import { fileCapabilities } from '../../scripts/file-capabilities.ts'
import { distDirectory } from '../../scripts/tools.ts'
import { command } from '../testbed/commands.ts'

const image = inject('runtimeImage')
interface Entry {
  readonly path: string
  readonly stat: Stats
}

/** Links are not followed: in another root they lead elsewhere. */
function entriesBelow(path: string): Entry[] {
  return readdirSync(join(image.root, path)).flatMap((name) => {
    const entry = { path: `${path}/${name}`, stat: lstatSync(join(image.root, path, name)) }
    return [entry, ...(entry.stat.isDirectory() ? entriesBelow(entry.path) : [])]
  })
}

const entries = entriesBelow('')
const files = entries.filter(({ stat }) => stat.isFile())
const paths = (of: readonly { path: string }[]) => of.map(({ path }) => path).sort()

describe('the runtime image', () => {
  it('has these programs and no others: no shell, no package manager, no interpreter but the agent', () => {
    const families = ['iptables', 'ip6tables'].flatMap((family) => [
      family,
      ...['nft', 'legacy'].flatMap((variant) =>
        ['', '-restore', '-save'].map((verb) => `${family}-${variant}${verb}`),
      ),
    ])
    const programs = entries.filter(
      ({ path, stat }) => /^\/(usr\/(local\/)?s?bin|opt)\//.test(path) && !stat.isDirectory(),
    )
    expect(paths(programs)).toEqual(
      [
        ...['nsenter', 'tini'].map((name) => `/usr/bin/${name}`),
        ...['nft', 'xtables-legacy-multi', 'xtables-nft-multi', ...families].map(
          (name) => `/usr/sbin/${name}`,
        ),
        '/usr/local/bin/install-cni',
        '/usr/local/bin/node',
        '/opt/cni/bin/istio-cni',
      ].sort(),
    )
    const executable = files.filter(({ stat, path }) => (stat.mode & 0o111) !== 0 && !/\.so(\.|$)/.test(path))
    const known = new Set(paths(programs))
    expect(paths(executable).filter((path) => !known.has(path))).toEqual([])
  })

  it('has what was built', () => {
    const built = {
      [IMAGE_LAUNCHER]: 'install-cni',
      [`${IMAGE_CNI_BIN_DIR}/${PLUGIN_NAME}`]: PLUGIN_NAME,
      [`${IMAGE_AGENT_DIR}/install-cni.mjs`]: 'install-cni.mjs',
      [`${IMAGE_AGENT_DIR}/netns-worker.mjs`]: 'netns-worker.mjs',
    }
    for (const [path, name] of Object.entries(built)) {
      const ours = readFileSync(join(distDirectory, name))
      expect(readFileSync(join(image.root, path)).equals(ours), path).toBe(true)
    }
  })

  it('has scripts of no kind', () => {
    const scripts = files.filter(({ path }) =>
      readFileSync(join(image.root, path)).subarray(0, 2).equals(Buffer.from('#!')),
    )
    expect(paths(scripts)).toEqual([])
  })

  it('has of documentation what licences ask for', () => {
    const shared = files.filter(({ path }) => path.startsWith('/usr/share/'))
    expect(shared.length).toBeGreaterThan(10)
    expect(paths(shared).filter((path) => !/^\/usr\/share\/doc\/[^/]+\/copyright$/.test(path))).toEqual([])
  })

  it('has no link that leads nowhere', () => {
    const links = entries.filter(({ stat }) => stat.isSymbolicLink())
    const known = new Set(paths(entries))
    const targets = links.map(({ path }) => resolve(dirname(path), readlinkSync(join(image.root, path))))
    expect(links.length).toBeGreaterThan(10)
    expect(targets.filter((target) => !known.has(target))).toEqual([])
  })

  it('tells scanners its packages', () => {
    const status = readFileSync(join(image.root, '/var/lib/dpkg/status.d/iptables'), 'utf8')
    expect(status).toMatch(/^Package: iptables\n(.*\n)*Version: \d/)
  })

  it("belongs to root, is nobody else's to write, and has no setuid", () => {
    const others = entries.filter(({ stat }) => stat.uid !== 0 || stat.gid !== 0)
    const writable = entries.filter(({ stat }) => !stat.isSymbolicLink() && (stat.mode & 0o022) !== 0)
    const setuid = files.filter(({ stat }) => (stat.mode & 0o6000) !== 0)
    expect(paths([...others, ...writable, ...setuid])).toEqual([])
  })

  it('gives capabilities to the launcher alone, as permitted ones', async () => {
    const found = await command('getcap', '-r', image.root)
    const [path, capabilities = ''] = found.trim().slice(image.root.length).split(' ')
    const sorted = (text: string) =>
      text
        .replace(/[=+]e?p$/, '')
        .split(',')
        .sort()
    expect(path).toBe('/usr/local/bin/install-cni')
    expect(capabilities).toMatch(/=p$/)
    expect(sorted(capabilities)).toEqual(sorted(fileCapabilities()))
  })

  it('is run by nobody else than 65532, through tini', () => {
    expect(image.config.User).toBe('65532:65532')
    expect(image.config.Entrypoint).toEqual(['/usr/bin/tini', '--', '/usr/local/bin/install-cni'])
    expect(readFileSync(join(image.root, 'etc/passwd'), 'utf8')).toMatch(/^nonroot:x:65532:65532:[^\n]*\n$/)
  })

  it('finds the launcher and the plugin by their names', () => {
    const path = image.config.Env.find((line) => line.startsWith('PATH='))
    expect(path).toMatch(/^PATH=\/opt\/cni\/bin:(.*:)?\/usr\/local\/bin:/)
  })

  it('is smaller than 200 MB', () => {
    const size = files.reduce((sum, { stat }) => sum + stat.size, 0)
    expect(size).toBeLessThan(200e6)
  })

  it('is as old as its source, whenever it is built', async () => {
    const commits = await command('git', 'log', '--format=%ct')
    const at = Date.parse(image.created)
    expect([process.env.SOURCE_DATE_EPOCH, ...commits.split('\n')]).toContain(String(at / 1000))
    expect(files.filter(({ stat }) => stat.mtimeMs > at)).toEqual([])
  })
})
