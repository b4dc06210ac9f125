// What the program does for an operator; bundled apart from the plugin, so that no call of a runtime pays for it.
import type { PluginHost } from '../plugin/ports.ts'
import type { Node } from './node.ts'
import { HELP, optionsOf, UsageError } from './options.ts'
import { uninstall } from './uninstall.ts'

/** Provided by native/src/bin/istio-cni/host.rs and operator.rs. */
declare const host: PluginHost
declare const node: Omit<Node, 'print'> & { engineVersion(): string }
/** Set by the bundler to the version of package.json. */
declare const BUILD_VERSION: string

host.exit(run())

function run(): number {
  const [command, ...words] = node.arguments()
  try {
    if (command === 'uninstall' && !words.includes('--help'))
      return uninstall({ ...node, print: (text) => host.writeOutput(text) }, optionsOf(words)) ? 0 : 1
    if (command === 'version' || command === '--version') {
      host.writeOutput(`istio-cni ${BUILD_VERSION} (QuickJS ${node.engineVersion()})\n`)
      return 0
    }
    if (command !== 'uninstall' && command !== 'help' && command !== '--help' && command !== '-h')
      throw new UsageError(`unknown command ${JSON.stringify(command)}`)
    host.writeOutput(HELP)
    return 0
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    host.writeError(`${error.message}; see istio-cni help\n`)
    return 2
  }
}
