// The program `install-cni`: reads the command line and the environment, then runs the agent or answers a question.
import {
  commandOf,
  effectiveLogLevels,
  helpText,
  loadSettings,
  type Settings,
  SettingsError,
} from '@istio-install-cni/config-schema'
import { checkNode } from './check-node.ts'
import { messageOf } from './errors.ts'
import { explainRules } from './explain.ts'
import type { Report } from './findings.ts'
import { createLogger } from './log.ts'
import { preflight } from './preflight.ts'
import { runAgent } from './run-agent.ts'
import { versionText } from './version.ts'

/** Set by the bundler to the version of package.json. */
declare const BUILD_VERSION: string | undefined
const version = typeof BUILD_VERSION === 'string' ? BUILD_VERSION : 'development'

/** Exit code for a command line or a setting that is wrong, as with most programs. */
const usageError = 2

const commands = [
  {
    name: 'rules',
    description: 'what would happen to a pod, rule by rule: install-cni rules <file with its manifest>',
  },
  {
    name: 'check',
    description:
      'whether an agent could work here: mounts, capabilities, kernel, network configuration, API server',
  },
  {
    name: 'check-node',
    description:
      'whether this node has a working installation: install-cni check-node [seconds to wait for it]',
  },
  { name: 'help', description: 'this text' },
  { name: 'version', description: 'the version of the agent, and of what it is made of' },
] as const

function fail(message: string, code: number): never {
  process.stderr.write(`${message}\n`)
  process.exit(code)
}

function settingsOrExit() {
  try {
    return loadSettings({ env: process.env, argv })
  } catch (error) {
    if (error instanceof SettingsError) fail(error.message, usageError)
    throw error
  }
}

async function run(settings: Settings, warnings: readonly string[]): Promise<void> {
  const levels = effectiveLogLevels(settings)
  const log = createLogger('cni-agent', levels.agent, settings.logAsJson)
  const pluginLog = createLogger('cni-plugin', levels.plugin, settings.logAsJson)
  for (const warning of warnings) log.warn(warning)
  log.info({ version, node: process.version }, 'started the CNI node agent')
  try {
    await runAgent(settings, log, pluginLog)
  } catch (error) {
    log.fatal({ err: error }, messageOf(error))
    // What has been started already would keep an agent alive that serves nobody.
    process.exit(1)
  }
}

async function report(asked: Promise<Report>): Promise<void> {
  try {
    const { isGood, text } = await asked
    process.stdout.write(text)
    process.exitCode = isGood ? 0 : 1
  } catch (error) {
    fail(messageOf(error), usageError)
  }
}

const argv = process.argv.slice(2)
const [name, ...rest] = commandOf(argv)
switch (name) {
  case undefined: {
    const { settings, warnings } = settingsOrExit()
    await run(settings, warnings)
    break
  }
  case 'help':
    process.stdout.write(helpText(commands))
    break
  case 'version':
    process.stdout.write(await versionText(version, settingsOrExit().settings.cniBinSourceDir))
    break
  case 'rules':
    try {
      process.stdout.write(explainRules(rest, settingsOrExit().settings))
    } catch (error) {
      fail(messageOf(error), 1)
    }
    break
  case 'check':
    await report(preflight(settingsOrExit().settings))
    break
  case 'check-node':
    await report(checkNode(rest, settingsOrExit().settings))
    break
  default:
    fail(
      `unknown command "${name}"; known: ${commands.map((command) => command.name).join(', ')}`,
      usageError,
    )
}
