// Plain JavaScript for any Node >= 20: installs what is missing, then runs a task of ours on the pinned Node.
//   node scripts/bootstrap.mjs <task> [arguments]      e.g. test, demo, build, check, bench
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { missingImagePackages, missingSystemPackages, toolEnvironment } from './system-packages.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const tasks = new Set([
  'demo',
  'test',
  'build',
  'check',
  'generate',
  'synth',
  'bench',
  'cluster',
  'image',
  'image-files',
])

function fail(message) {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}

function run(command, args, options = {}) {
  return spawnSync(command, args, { stdio: 'inherit', cwd: root, ...options })
}

/** node_modules is current when it was installed from exactly this lock file. */
function installNodePackages() {
  const stamp = join(root, 'node_modules', '.installed-from')
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'pnpm-lock.yaml')))
    .digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  const { config } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const args = ['exec', '--yes', '--', `pnpm@${config.pnpm}`, 'install', '--frozen-lockfile']
  const done = run('npm', args, { stdio: ['ignore', 2, 2] })
  if (done.status !== 0) fail(`npm ${args.join(' ')} failed; the lines above say why.`)
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, lock)
}

const installing = (packages) =>
  `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`
const canInstall = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')

/** @returns whether they are there now */
function install(packages) {
  process.stderr.write(`Installing ${packages.join(' ')}\n`)
  const done = run('sh', ['-c', installing(packages)], {
    stdio: ['ignore', 2, 2],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  return done.status === 0
}

function installSystemPackages() {
  const missing = missingSystemPackages()
  if (missing.length === 0) return
  if (!canInstall)
    fail(
      `Missing on this machine: ${missing.join(', ')}. Install them with:\n  sudo sh -c '${installing(missing)}'`,
    )
  if (!install(missing)) fail('apt-get failed; the lines above say why.')
}

/** Whoever needs them says what is missing. */
function installImagePackages() {
  const missing = missingImagePackages()
  if (missing.length > 0 && canInstall) install(missing)
}

const [task = '', ...rest] = process.argv.slice(2)
if (!tasks.has(task)) fail(`Unknown task "${task}". Known: ${[...tasks].join(', ')}`)
installNodePackages()
installSystemPackages()
if (task === 'image' || task === 'test') installImagePackages()

const pinnedNode = join(root, 'node_modules', '.bin', 'node')
const done = run(pinnedNode, [join(root, 'scripts', `${task}.ts`), ...rest], {
  env: { ...process.env, ...toolEnvironment() },
})
if (done.error) fail(`Could not start ${pinnedNode}: ${done.error.message}`)
process.exit(done.status ?? 1)
