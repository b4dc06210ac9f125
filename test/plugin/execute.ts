// Executes the real binary as a container runtime does: nothing but the given environment, one input, one answer.
import { spawn } from 'node:child_process'
import { buildPlugin } from '../../scripts/build-native.ts'

export interface PluginCall {
  readonly env: Readonly<Record<string, string>>
  readonly stdin?: string | Uint8Array
}

export interface PluginAnswer {
  readonly exit: number | null
  /** Set when the process was killed or crashed. */
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

const binary = buildPlugin()

export async function execute({ env, stdin = '' }: PluginCall): Promise<PluginAnswer> {
  const child = spawn(await binary, [], { env, stdio: 'pipe' })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text
  })
  // A plugin may well answer before it has read everything.
  child.stdin.on('error', () => {})
  child.stdin.end(stdin)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (exit, signal) => resolve({ exit, signal, ...output }))
  })
}
