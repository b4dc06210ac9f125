// Programs on the node: started, watched and stopped by name.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { command } from '../testbed/commands.ts'
import { until } from './condition.ts'
import { inState } from './layout.ts'
import { nodeFile, nodePid, onNode } from './node-namespace.ts'

const pidFile = (name: string) => inState('pids', name)
export const logFile = (name: string): string => inState('log', `${name}.log`)

/** @returns the process's number on the node; undefined when it does not run */
export function running(name: string): string | undefined {
  if (nodePid() === undefined || !existsSync(pidFile(name))) return undefined
  const pid = readFileSync(pidFile(name), 'utf8').trim()
  try {
    return pid !== '' && !/\) Z /.test(readFileSync(nodeFile(`proc/${pid}/stat`), 'utf8')) ? pid : undefined
  } catch {
    return undefined
  }
}

/** Starts a program on the node, with its output in {@link logFile}; does nothing when it runs. */
export async function start(name: string, argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  if (running(name) !== undefined) return
  await mkdir(inState('pids'), { recursive: true })
  const log = openSync(logFile(name), 'a')
  // An orphan of the node's first process: nsenter, left as its parent, would stop with it and end with it.
  const script = `setsid "$@" & echo $! > '${pidFile(name)}'`
  const [file, args] = onNode('sh', '-c', script, 'sh', ...argv)
  const child = spawn(file, args, { env, stdio: ['ignore', log, log], detached: true })
  const [code] = (await once(child, 'exit')) as [number | null]
  closeSync(log)
  if (code !== 0) throw new Error(`${name} could not be started: ${logFile(name)}`)
}

/** Stops a program and waits for its end; one that ignores the signal for 20 s is killed. */
export async function stop(name: string, signal: 'TERM' | 'KILL' = 'TERM'): Promise<void> {
  const pid = running(name)
  if (pid === undefined) return
  // Not when its first thread is a zombie: the others may still hold its sockets.
  const ended = async () => nodePid() === undefined || !existsSync(nodeFile(`proc/${pid}`))
  await send(name, signal)
  try {
    await until(`${name} has ended`, ended, 20_000)
  } catch {
    if (running(name) !== undefined) await send(name, 'KILL')
    await until(`${name} has ended`, ended, 20_000)
  }
}

export async function send(name: string, signal: 'TERM' | 'KILL' | 'STOP' | 'CONT'): Promise<void> {
  const pid = running(name)
  if (pid === undefined) throw new Error(`${name} does not run on the node`)
  const [file, args] = onNode('kill', `-${signal}`, pid)
  await command(file, ...args)
}
