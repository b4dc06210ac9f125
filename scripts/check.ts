// npm run check: everything about the source that needs no kernel and no cluster.
import { spawnSync } from 'node:child_process'
import { pathToFileURL } from 'node:url'
import { staleFiles } from './generate.ts'
import { staleCharts } from './synth.ts'
import { print, root, tool } from './tools.ts'

interface Check {
  readonly name: string
  readonly hint: string
  /** What is wrong; empty when nothing is. */
  readonly run: () => string | Promise<string>
}

function outputOf(command: string, args: readonly string[]): string {
  const done = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20 })
  if (done.status === 0) return ''
  return `${done.stdout}${done.stderr}${done.error?.message ?? ''}` || `exit code ${done.status}`
}

const checks: readonly Check[] = [
  {
    name: 'format, lint and direction of imports',
    hint: 'node_modules/.bin/biome check --write .',
    run: () => outputOf(tool('biome'), ['check', '--error-on-warnings', '--max-diagnostics=50', '.']),
  },
  {
    name: 'types',
    hint: 'node_modules/.bin/tsc -p tsconfig.json',
    run: () => outputOf(tool('tsc'), ['-p', 'tsconfig.json']),
  },
  {
    name: 'dead code and undeclared dependencies',
    hint: 'node_modules/.bin/knip',
    run: () => outputOf(tool('knip'), ['--no-progress']),
  },
  {
    name: 'generated files are current',
    hint: 'npm run generate',
    run: async () => (await staleFiles()).join('\n'),
  },
  {
    name: 'the chart is what its source says',
    hint: 'npm run synth',
    run: async () => (await staleCharts()).join('\n'),
  },
]

/** Runs every check; prints one line each, with the tool's words where one failed. */
export async function runChecks(): Promise<{ passed: number; failed: number }> {
  let failed = 0
  for (const check of checks) {
    const complaint = await check.run()
    if (complaint === '') {
      print(`✓ check: ${check.name}`)
    } else {
      failed += 1
      print(`✗ check: ${check.name} (${check.hint})\n${complaint}`)
    }
  }
  return { passed: checks.length - failed, failed }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { failed } = await runChecks()
  process.exitCode = failed === 0 ? 0 : 1
}
