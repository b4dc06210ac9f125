import { execFile } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { messageOf } from '../errors.ts'
import { systemCodeOf } from './errors.ts'

/** A plugin answers VERSION at once; one that takes longer would hold up every pod. */
const timeout = 5_000

/** Executes the plugin with CNI_COMMAND=VERSION (SPEC.md, "VERSION"); throws Error that says what it did instead. */
export async function supportedVersions(program: string): Promise<string[]> {
  const output = await runRetryingWhileBusy(program)
  let answer: unknown
  try {
    answer = JSON.parse(output)
  } catch {
    throw new Error(`its answer to VERSION is not JSON: ${JSON.stringify(output.slice(0, 200))}`)
  }
  const versions = (answer as { supportedVersions?: unknown } | null)?.supportedVersions
  if (
    Array.isArray(versions) &&
    versions.length > 0 &&
    versions.every((version) => typeof version === 'string')
  ) {
    return versions
  }
  throw new Error(`its answer to VERSION names no supportedVersions: ${output.slice(0, 200)}`)
}

/**
 * A process that another thread forks while our copy is open for writing holds it open until it executes something
 * itself; meanwhile the kernel refuses to execute the copy.
 */
async function runRetryingWhileBusy(program: string): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run(program)
    } catch (error) {
      if (systemCodeOf(error) !== 'ETXTBSY' || attempt === 10) throw error
      await delay(10 * attempt)
    }
  }
}

function run(program: string): Promise<string> {
  const options = {
    env: { CNI_COMMAND: 'VERSION' },
    timeout,
    killSignal: 'SIGKILL',
    maxBuffer: 65_536,
  } as const
  return new Promise((resolve, reject) => {
    const child = execFile(program, [], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else if (typeof error.code === 'string') reject(error)
      else if (error.killed) reject(new Error(`it did not answer VERSION within ${timeout / 1000} s`))
      else
        reject(
          new Error(
            `it ended with ${error.signal ?? `code ${error.code}`}: ${(stderr || stdout || messageOf(error)).slice(0, 200)}`,
          ),
        )
    })
    child.stdin?.on('error', () => undefined)
    child.stdin?.end('{"cniVersion":"1.0.0"}')
  })
}
