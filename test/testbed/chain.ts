import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** A network configuration list as a runtime loads it. */
export interface ConfList {
  readonly cniVersion: string
  readonly name: string
  readonly plugins: readonly ({ readonly type: string } & Record<string, unknown>)[]
}

/** One sandbox for which a runtime calls the chain. */
export interface Sandbox {
  readonly containerId: string
  readonly netns: string
  readonly ifname: string
  readonly pod: { readonly namespace: string; readonly name: string; readonly uid: string }
}

export interface Step {
  readonly type: string
  /** Milliseconds from the start of the plugin to its end. */
  readonly ms: number
}

export interface ChainResult {
  readonly result: Record<string, unknown>
  readonly steps: readonly Step[]
}

/** A plugin of the chain said no: `error` is its CNI error. */
export class ChainError extends Error {
  override readonly name = 'ChainError'
  readonly plugin: string
  readonly error: { readonly code: number; readonly msg: string; readonly details?: string }

  constructor(plugin: string, error: ChainError['error']) {
    super(`${plugin}: ${error.code} ${error.msg} ${error.details ?? ''}`.trim())
    this.plugin = plugin
    this.error = error
  }
}

type Verb = 'ADD' | 'CHECK' | 'DEL' | 'STATUS'

/** Calls every plugin of the list in order, each with its predecessor's result, as libcni does. */
export async function addChain(
  list: ConfList,
  binDirs: readonly string[],
  sandbox: Sandbox,
  given?: Record<string, unknown>,
): Promise<ChainResult> {
  let result = given
  const steps: Step[] = []
  for (const plugin of list.plugins) {
    const started = performance.now()
    result = await callPlugin('ADD', list, plugin, binDirs, sandbox, result)
    steps.push({ type: plugin.type, ms: performance.now() - started })
  }
  return { result: result ?? {}, steps }
}

/** Calls every plugin with the chain's result: in order, but backwards for DEL. */
export async function repeatChain(
  verb: 'CHECK' | 'DEL' | 'STATUS',
  list: ConfList,
  binDirs: readonly string[],
  sandbox: Sandbox,
  result?: Record<string, unknown>,
): Promise<void> {
  const plugins = verb === 'DEL' ? list.plugins.toReversed() : list.plugins
  for (const plugin of plugins) await callPlugin(verb, list, plugin, binDirs, sandbox, result)
}

async function callPlugin(
  verb: Verb,
  list: ConfList,
  plugin: ConfList['plugins'][number],
  binDirs: readonly string[],
  sandbox: Sandbox,
  prevResult: Record<string, unknown> | undefined,
): Promise<Record<string, unknown> | undefined> {
  const program = binDirs.map((directory) => join(directory, plugin.type)).find((path) => existsSync(path))
  if (program === undefined)
    throw new ChainError(plugin.type, {
      code: 999,
      msg: `failed to find plugin "${plugin.type}" in ${binDirs.join(', ')}`,
    })
  const config = {
    ...plugin,
    cniVersion: list.cniVersion,
    name: list.name,
    ...(prevResult && { prevResult }),
  }
  const { code, stdout } = await execute(program, environment(verb, binDirs, sandbox), JSON.stringify(config))
  const output = stdout.trim() === '' ? undefined : (JSON.parse(stdout) as Record<string, unknown>)
  if (code !== 0)
    throw new ChainError(
      plugin.type,
      (output ?? { code, msg: 'no error was printed' }) as unknown as ChainError['error'],
    )
  return output
}

function environment(
  verb: Verb,
  binDirs: readonly string[],
  { containerId, netns, ifname, pod }: Sandbox,
): Record<string, string> {
  const args = {
    IgnoreUnknown: '1',
    K8S_POD_NAMESPACE: pod.namespace,
    K8S_POD_NAME: pod.name,
    K8S_POD_INFRA_CONTAINER_ID: containerId,
    K8S_POD_UID: pod.uid,
  }
  return {
    PATH: process.env.PATH ?? '',
    CNI_COMMAND: verb,
    CNI_CONTAINERID: containerId,
    CNI_NETNS: netns,
    CNI_IFNAME: ifname,
    CNI_PATH: binDirs.join(':'),
    CNI_ARGS: Object.entries(args)
      .map(([key, value]) => `${key}=${value}`)
      .join(';'),
  }
}

function execute(
  program: string,
  env: Record<string, string>,
  stdin: string,
): Promise<{ code: number; stdout: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [], { env, stdio: ['pipe', 'pipe', 'ignore'] })
    const chunks: Buffer[] = []
    child.on('error', reject)
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.stdin.on('error', () => {})
    child.stdin.end(stdin)
    child.on('close', (code) => resolve({ code: code ?? -1, stdout: Buffer.concat(chunks).toString('utf8') }))
  })
}
