// npm test [-- TIER ...] [-- vitest arguments]: builds, checks, runs the tiers, and closes with one line of counts.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { missingForChart } from '../test/chart/programs.ts'
import { missingForCluster } from '../test/cluster/programs.ts'
import { missingForImageTier } from '../test/image/programs.ts'
import { build } from './build.ts'
import { runChecks } from './check.ts'
import { writeDistTrees } from './synth.ts'
import { cacheDirectory, print, root } from './tools.ts'
import { withoutTier } from './without-tier.ts'

/** Tiers and what they need. */
interface Tier {
  readonly name: string
  readonly needs?: () => string | undefined | Promise<string | undefined>
  /** Its agents write the node's rules: not into this machine's network, but into one of the tier's own. */
  readonly hasOwnNetwork?: true
}

const tiers: readonly Tier[] = [
  { name: 'unit' },
  { name: 'package' },
  { name: 'conformance', needs: missingRoot },
  { name: 'plugin', needs: missingRoot },
  { name: 'netns', needs: missingRoot },
  { name: 'agent', needs: missingRoot, hasOwnNetwork: true },
  { name: 'chart', needs: missingForChart },
  { name: 'image', needs: missingForImageTier },
  { name: 'cluster', needs: missingForCluster },
]

interface Counts {
  passed: number
  failed: number
  skipped: number
}

interface VitestReport {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  numFailedTestSuites: number
  numTotalTests: number
}

function missingRoot(): string | undefined {
  return process.getuid?.() === 0 ? undefined : 'it needs root, for real network namespaces'
}

const inOwnNetwork = ['unshare', '--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh']

function runTier({ name, hasOwnNetwork }: Tier, args: readonly string[]): Counts {
  const reportFile = join(cacheDirectory, `test-${name}.json`)
  rmSync(reportFile, { force: true })
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`]
  const run = [process.execPath, vitest, 'run', '--project', name, ...reporters, ...args]
  const [program = '', ...programArgs] = hasOwnNetwork ? [...inOwnNetwork, ...run] : run
  const done = spawnSync(program, programArgs, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  try {
    const report = JSON.parse(readFileSync(reportFile, 'utf8')) as VitestReport
    // A file that does not even load, or an error outside every test, has no test to count: it counts itself.
    const broken =
      done.status !== 0 && report.numFailedTests === 0 ? Math.max(1, report.numFailedTestSuites) : 0
    return {
      passed: report.numPassedTests,
      failed: report.numFailedTests + broken,
      skipped: report.numPendingTests + report.numTodoTests,
    }
  } catch {
    print(`The tier ${name} ended without a report (exit code ${done.status}).`)
    return { passed: 0, failed: 1, skipped: 0 }
  }
}

const names = new Set([...tiers.map((tier) => tier.name), 'check'])
const args = process.argv.slice(2)
const chosen = args.filter((arg) => names.has(arg))
const isChosen = (name: string) => chosen.length === 0 || chosen.includes(name)
const vitestArgs = args.filter((arg) => !names.has(arg))

mkdirSync(cacheDirectory, { recursive: true })
await build()
await writeDistTrees()
const total: Counts = { passed: 0, failed: 0, skipped: 0 }
if (isChosen('check')) {
  const { passed, failed } = await runChecks()
  total.passed += passed
  total.failed += failed
}
for (const tier of tiers.filter(({ name }) => isChosen(name))) {
  const missing = await tier.needs?.()
  if (missing !== undefined) {
    const { text, ...counts } = withoutTier(tier.name, missing, process.env)
    print(text)
    total.failed += counts.failed
    total.skipped += counts.skipped
    continue
  }
  print(`\nTier ${tier.name}`)
  const counts = runTier(tier, vitestArgs)
  total.passed += counts.passed
  total.failed += counts.failed
  total.skipped += counts.skipped
}
print(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exitCode = total.failed === 0 ? 0 : 1
