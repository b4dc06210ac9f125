import {
  AGENT_RUN_DIR,
  NODE_CNI_BIN_DIR,
  NODE_CNI_CACHE_DIR,
  NODE_CNI_NET_DIR,
} from '@istio-install-cni/config-schema'

export interface UninstallOptions {
  readonly dryRun: boolean
  readonly netDirs: readonly string[]
  readonly cacheDirs: readonly string[]
  readonly binDirs: readonly string[]
  readonly runDirs: readonly string[]
  /** Name of a configuration that the agent was told to write. */
  readonly ownFile: string
}

/** A command line that cannot be followed. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly code = 'USAGE'
}

const DEFAULTS = {
  '--net-dir': NODE_CNI_NET_DIR,
  '--cache-dir': NODE_CNI_CACHE_DIR,
  '--bin-dir': NODE_CNI_BIN_DIR,
  '--run-dir': AGENT_RUN_DIR,
  '--own-file': '',
} as const
type Option = keyof typeof DEFAULTS

export const HELP = `istio-cni: the CNI plugin that hands pods to the Istio CNI agent of this node.
Container runtimes execute it with CNI_COMMAND. By hand:

istio-cni uninstall [options]   takes the plugin out of this node's network configuration
  --dry-run         change nothing, say what would be done
  --net-dir DIR     directory of network configurations; may be repeated (${NODE_CNI_NET_DIR})
  --cache-dir DIR   where the runtime keeps its results; may be repeated (${NODE_CNI_CACHE_DIR})
  --bin-dir DIR     where the plugin is installed; may be repeated (${NODE_CNI_BIN_DIR})
  --run-dir DIR     the agent's run directory; may be repeated (${AGENT_RUN_DIR})
  --own-file NAME   configuration of its own that the agent was told to write
                    (CNI_CONF_NAME when not chained, ISTIO_OWNED_CNI_CONFIG_FILENAME)
istio-cni version, istio-cni help

Exit codes of uninstall: 0 nothing on the node names the plugin any more (with --dry-run: would),
1 something had to stay, 2 the command line is wrong.
`

/** @throws {UsageError} */
export function optionsOf(words: readonly string[]): UninstallOptions {
  const given = new Map<Option, string[]>()
  let dryRun = false
  for (let at = 0; at < words.length; at += 1) {
    const [name = '', inline] = splitAt(words[at] ?? '')
    if (name === '--dry-run' && inline === undefined) {
      dryRun = true
      continue
    }
    if (!isOption(name)) throw new UsageError(`unknown option ${JSON.stringify(words[at])}`)
    if (inline === undefined) at += 1
    const value = inline ?? words[at]
    const isFine = name === '--own-file' ? /^[^/]+$/.test(value ?? '') : value?.startsWith('/')
    if (value === undefined || !isFine)
      throw new UsageError(`${name} needs ${name === '--own-file' ? 'a file name' : 'an absolute path'}`)
    given.set(name, [...(given.get(name) ?? []), value])
  }
  const of = (name: Option) => given.get(name) ?? [DEFAULTS[name]]
  return {
    dryRun,
    netDirs: of('--net-dir'),
    cacheDirs: of('--cache-dir'),
    binDirs: of('--bin-dir'),
    runDirs: of('--run-dir'),
    ownFile: of('--own-file').at(-1) ?? '',
  }
}

function splitAt(word: string): [name: string, value?: string] {
  const at = word.indexOf('=')
  return at < 0 ? [word] : [word.slice(0, at), word.slice(at + 1)]
}

function isOption(name: string): name is Option {
  return Object.hasOwn(DEFAULTS, name)
}
