import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Runs a program to its end; rejects with its words when it fails. @returns its stdout */
export async function command(program: string, ...args: string[]): Promise<string> {
  try {
    const { stdout } = await run(program, args, { maxBuffer: 16 << 20 })
    return stdout
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string }
    throw new Error(`${program} ${args.join(' ')}: ${stderr.trim() || String(error)}`, { cause: error })
  }
}
