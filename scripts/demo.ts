// npm run demo [-- --pod FILE ... --conflist FILE --native-nftables], npm run demo -- --ambient [--native-nftables]
// Builds, then runs demo/inside.ts or demo/ambient/inside.ts in network, mount and process namespaces of its own: nothing outside changes, and
// whatever ends this process ends everything that it started.
import { spawn, spawnSync } from 'node:child_process'
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from './build.ts'
import { ownNamespaces } from './namespaces.ts'
import { print } from './tools.ts'

const usage =
  'usage: npm run demo -- [--pod FILE]... [--conflist FILE] [--native-nftables], or --ambient [--native-nftables]'
/** In a container of Kubernetes the demo's processes would seem to be that pod's. */
const demoNamespaces = [...ownNamespaces, '--cgroup']
const ownUsers = ['--user', '--map-root-user', '--map-auto']

function options() {
  try {
    const { values } = parseArgs({
      options: {
        ambient: { type: 'boolean', default: false },
        pod: { type: 'string', multiple: true },
        conflist: { type: 'string' },
        'native-nftables': { type: 'boolean', default: false },
      },
    })
    if (values.ambient && (values.pod ?? values.conflist) !== undefined)
      throw new Error('the demo of ambient mode has pods and a conflist of its own')
    return values
  } catch (error) {
    print(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
    process.exit(2)
  }
}

/** Root needs no user namespace; anybody else needs one in which the sidecar's user exists, too. */
function namespaceArguments(): string[] {
  if (process.getuid?.() === 0) return demoNamespaces
  const args = [...ownUsers, ...demoNamespaces]
  if (spawnSync('unshare', [...args, 'true']).status === 0) return args
  print(
    'The demo needs root here: nobody else can make namespaces with several users in them. Type:\n  sudo npm run demo\nor install newuidmap (apt-get install uidmap), and try again as you are.',
  )
  process.exit(1)
}

function checkReadable(file: string): void {
  try {
    accessSync(file, constants.R_OK)
  } catch (error) {
    print(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}\n${usage}`)
    process.exit(2)
  }
}

const { ambient, pod = [], conflist, 'native-nftables': nativeNftables } = options()
for (const file of [...pod, ...(conflist === undefined ? [] : [conflist])]) checkReadable(file)
const args = namespaceArguments()
await build()
const scratch = mkdtempSync(join(tmpdir(), 'istio-cni-demo-'))
const request = {
  scratch,
  pods: pod.map((file) => resolve(file)),
  conflist: conflist && resolve(conflist),
  nativeNftables,
}
const program = join(import.meta.dirname, ambient ? 'demo/ambient/inside.ts' : 'demo/inside.ts')
const inside = spawn('unshare', [...args, process.execPath, program, JSON.stringify(request)], {
  stdio: 'inherit',
  // What the demo tells of ztunnel only the stand-in tells.
  env: { ...process.env, ZTUNNEL_BIN: undefined },
})
// unshare itself lets signals pass; when it is killed, the kernel ends all that it has started.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => inside.kill('SIGKILL'))
/** What shells say of a program that Ctrl-C ended. */
const interrupted = 130
inside.on('close', (code, signal) => {
  rmSync(scratch, { recursive: true, force: true })
  process.exit(signal === null ? (code ?? 1) : interrupted)
})
