// What a test run started must end with it, also when the run is interrupted or killed and can do nothing any more.
import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { inState } from './layout.ts'
import { recordedProcess, recordProcess } from './process-record.ts'

const pidFile = inState('guard.pid')
const program = `${import.meta.dirname}/programs/guard.ts`

/** From now on the cluster ends with this process. */
export async function guardCluster(): Promise<void> {
  if (recordedProcess(pidFile) !== undefined) return
  await mkdir(inState('log'), { recursive: true })
  const log = openSync(inState('log', 'guard.log'), 'a')
  // Its standard input ends with us. A session of its own: Ctrl-C at the terminal is not for it.
  const guard = spawn(process.execPath, [program], { stdio: ['pipe', log, log], detached: true })
  closeSync(log)
  guard.unref()
  const input = guard.stdin as Socket | null
  input?.unref()
  if (guard.pid === undefined) throw new Error('the guard of the cluster could not be started')
  await recordProcess(pidFile, guard.pid)
}

/** Before somebody else ends the cluster: a guard that comes late would end the next one. */
export function dismissGuard(): void {
  const pid = recordedProcess(pidFile)
  if (pid !== undefined && pid !== process.pid) process.kill(pid, 'SIGKILL')
}
