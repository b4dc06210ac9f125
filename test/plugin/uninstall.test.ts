// The plugin's binary in the hands of an operator: real files, the real program.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { buildPlugin } from '../../scripts/build-native.ts'

const binary = await buildPlugin()

let root: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'uninstall-test-'))
  for (const name of ['net', 'bin', 'run', 'cache/results'])
    await mkdir(join(root, name), { recursive: true })
})
afterEach(() => rm(root, { recursive: true, force: true }))

const net = (name: string) => join(root, 'net', name)
const ours = '{"name":"istio-cni","type":"istio-cni"}'
const list = '{"cniVersion":"1.0.0","name":"pods","plugins":[\n  {"type":"bridge","mtu":12345678901234567890}'
const kubeconfig = 'kind: Config\ncurrent-context: istio-cni-context\n'

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(binary, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text
  })
  const [exit] = (await once(child, 'close')) as [number | null]
  return { exit, ...output, stdout: output.stdout.replaceAll(`${root}/`, '') }
}

function uninstall(...more: string[]) {
  const place = (name: string) => join(root, name)
  return run([
    'uninstall',
    ...['--net-dir', place('net'), '--cache-dir', place('cache'), '--bin-dir', place('bin')],
    ...['--run-dir', place('run'), ...more],
  ])
}

/** A node as a DaemonSet that was deleted in a hurry has left it. */
async function orphan(): Promise<void> {
  await writeFile(net('10-pods.conflist'), `${list},\n  ${ours}\n]}\n`)
  await writeFile(net('02-istio-cni.conflist'), `${list},\n  ${ours}\n]}\n`)
  await writeFile(net('YYY-istio-cni.conf'), ours)
  await writeFile(net('20-other.conflist'), `${list}]}`)
  await writeFile(net('ZZZ-istio-cni-kubeconfig'), kubeconfig)
  await writeFile(join(root, 'run/istio-cni-kubeconfig'), kubeconfig)
  await writeFile(join(root, 'bin/istio-cni'), 'program')
  await chmod(net('10-pods.conflist'), 0o640)
}

async function everything(): Promise<Record<string, string>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [file, await readFile(file, 'utf8')])),
  )
}

describe('istio-cni uninstall', () => {
  it('takes our plugin out of every configuration, says so for each file, and changes no other byte', async () => {
    await orphan()
    expect(await uninstall()).toEqual({
      exit: 0,
      stderr: '',
      stdout: `net/02-istio-cni.conflist: deleted
net/10-pods.conflist: took our plugin out of the list
net/YYY-istio-cni.conf: deleted
net/ZZZ-istio-cni-kubeconfig: deleted
run/istio-cni-kubeconfig: deleted
bin/istio-cni: nothing names it any more; to remove it: rm bin/istio-cni
`,
    })
    expect(await readFile(net('10-pods.conflist'), 'utf8')).toBe(`${list}\n]}\n`)
    expect((await stat(net('10-pods.conflist'))).mode & 0o7777).toBe(0o640)
    expect((await readdir(join(root, 'net'))).sort()).toEqual(['10-pods.conflist', '20-other.conflist'])
    expect(await readdir(join(root, 'bin'))).toEqual(['istio-cni'])
  })

  it('with --dry-run says what it would do, and does nothing', async () => {
    await orphan()
    const before = await everything()
    const { exit, stdout } = await uninstall('--dry-run')
    expect(exit).toBe(0)
    expect(stdout).toContain('net/10-pods.conflist: our plugin would be taken out of the list\n')
    expect(stdout).toContain('net/YYY-istio-cni.conf: would be deleted\n')
    expect(await everything()).toEqual(before)
  })

  it('ends with 1 and says that the plugin must stay while a result in the cache names it', async () => {
    await orphan()
    const config = Buffer.from(`${list},${ours}]}`).toString('base64')
    await writeFile(join(root, 'cache/results/pods-c0-eth0'), JSON.stringify({ kind: 'cniCacheV1', config }))
    const { exit, stdout } = await uninstall()
    expect(exit).toBe(1)
    expect(stdout).toMatch(/cache\/results\/pods-c0-eth0: a running sandbox was set up with our plugin/)
    expect(stdout).toMatch(/bin\/istio-cni: must stay, sandboxes still need it/)
    expect(await readFile(net('10-pods.conflist'), 'utf8')).not.toContain('istio-cni')
  })

  it('touches neither links nor broken files nor files of others with our names', async () => {
    await writeFile(join(root, 'elsewhere'), `${list},${ours}]}`)
    await symlink(join(root, 'elsewhere'), net('10-pods.conflist'))
    await writeFile(net('20-broken.conflist'), '{"plugins":[{"type":"istio-cni"}')
    await writeFile(net('30-deep.conflist'), `${'['.repeat(100_000)}`)
    await writeFile(net('ZZZ-istio-cni-kubeconfig'), 'of another')
    const before = await everything()
    const { exit, stdout } = await uninstall()
    expect(exit).toBe(1)
    expect(stdout).toMatch(/10-pods.conflist: was not looked at: it is a symbolic link/)
    expect(stdout).toMatch(/20-broken.conflist: names our plugin and is no JSON/)
    expect(stdout).toMatch(/ZZZ-istio-cni-kubeconfig: left/)
    expect(await everything()).toEqual(before)
  })

  it('refuses while an agent keeps the node, and removes the record of one that is gone', async () => {
    await orphan()
    const before = await everything()
    const agent = createServer((socket) => socket.on('error', () => {}).end('{}'))
    await new Promise<void>((resolve) => agent.listen(net('.istio-cni-owner'), resolve))
    const { exit, stdout } = await uninstall()
    agent.close()
    expect(exit).toBe(1)
    expect(stdout).toMatch(/the agent runs and would install it again/)
    expect(await everything()).toEqual(before)
    await writeFile(net('.istio-cni-owner'), '')
    expect((await uninstall()).stdout).toMatch(/\.istio-cni-owner: deleted/)
  })

  it('ends with 2 when the command line is wrong; help tells how it goes', async () => {
    expect(await run(['uninstall', '--all'])).toMatchObject({ exit: 2, stdout: '' })
    expect(await run(['remove'])).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining('istio-cni help'),
    })
    expect((await run(['help'])).stdout).toMatch(/--dry-run/)
    expect((await run(['uninstall', '--help'])).exit).toBe(0)
  })

  it('is out of reach for a runtime: with CNI_COMMAND the program is the plugin', async () => {
    expect((await run(['uninstall'], { CNI_COMMAND: 'VERSION' })).stdout).toMatch(/supportedVersions/)
  })
})
