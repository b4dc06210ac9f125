// npm run bench -- plugin [--against PLUGIN], npm run bench -- ambient: measures inside namespaces of its own, and writes bench/RESULTS.md.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from './build.ts'
import { ownNamespaces } from './namespaces.ts'
import { print, root } from './tools.ts'

const [name = '', ...rest] = process.argv.slice(2)
if (name !== 'plugin' && name !== 'ambient') {
  print('usage: npm run bench -- plugin [--against FILE], or ambient')
  process.exit(2)
}
await build()
const directory = mkdtempSync(join(tmpdir(), 'istio-cni-bench-'))
const program = `mkdir -p /run/netns && mount -t tmpfs netns /run/netns && ip link set lo up && exec "$@"`
const measuring = [process.execPath, join(root, 'bench', `${name}.ts`), '--directory', directory, ...rest]
const done = spawnSync('unshare', [...ownNamespaces, 'sh', '-c', program, 'sh', ...measuring], {
  stdio: 'inherit',
})
rmSync(directory, { recursive: true, force: true })
process.exit(done.status ?? 1)
