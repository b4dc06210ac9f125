// What every measurement needs: a node in a box with an agent, pods in namespaces, and the tool that measures.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AgentProcess, startAgent } from '../test/testbed/agent-process.ts'

/** One execution of a program: microseconds and KiB. */
export interface Run {
  readonly wall: number
  readonly cpu: number
  readonly memory: number
  readonly exitCode: number
}

export interface Bed {
  readonly directory: string
  readonly runDir: string
  readonly podsDir: string
  /**
   * Executes `program` with this stdin and environment; `%d` in CNI_* values is the run's number.
   * @param stdin of all runs, or of each
   */
  measure(
    program: string,
    stdin: string | ((run: number) => string),
    env: Readonly<Record<string, string>>,
    runs: number,
    concurrency?: number,
  ): Promise<Run[]>
  /** A fresh namespace `bench<number>` for each run. */
  createNamespaces(count: number): Promise<void>
  removeNamespaces(count: number): Promise<void>
  /** Static program that does nothing: what a fork, an exec and an exit cost. */
  readonly floor: string
}

export function createBed(directory: string): Bed {
  const compile = (source: string, name: string, ...flags: string[]) => {
    const program = join(directory, name)
    execFileSync('cc', ['-O2', ...flags, '-o', program, source])
    return program
  }
  const runDir = join(directory, 'run')
  const podsDir = join(directory, 'pods')
  for (const path of [runDir, podsDir]) mkdirSync(path, { recursive: true })
  const empty = join(directory, 'empty.c')
  writeFileSync(empty, 'int main(void) { return 0; }\n')
  const measurer = compile(join(import.meta.dirname, 'measure.c'), 'measure')
  return {
    directory,
    runDir,
    podsDir,
    floor: compile(empty, 'empty', '-static'),
    async measure(program, stdin, env, runs, concurrency = 1) {
      const file = join(directory, typeof stdin === 'string' ? 'stdin' : 'stdin%d')
      if (typeof stdin === 'string') writeFileSync(file, stdin)
      else for (let run = 0; run < runs; run += 1) writeFileSync(file.replace('%d', String(run)), stdin(run))
      const child = spawn(measurer, [String(runs), String(concurrency), file, program], {
        env,
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      let output = ''
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk
      })
      await once(child, 'close')
      return output.trim().split('\n').map(runOf)
    },
    createNamespaces: async (count) => {
      inNumbers(
        count,
        (name, number) => `ip netns add ${name} && ip -n ${name} link set lo up &&
          ip -n ${name} link add eth0 type veth peer name other &&
          ip -n ${name} addr add ${addressOf(number)}/16 dev eth0 &&
          ip -n ${name} link set eth0 up && ip -n ${name} link set other up`,
      )
    },
    removeNamespaces: async (count) => inNumbers(count, (name) => `ip netns del ${name}`),
  }
}

/** One shell for all of them. */
function inNumbers(count: number, line: (name: string, number: number) => string): void {
  const lines = Array.from({ length: count }, (_, number) => line(`bench${number}`, number))
  execFileSync('sh', ['-e'], { input: lines.join('\n') })
}

/** Each pod has an address of its own. */
export const addressOf = (number: number): string => `10.77.${Math.floor(number / 250)}.${2 + (number % 250)}`

function runOf(line: string): Run {
  const [wall = 0, cpu = 0, memory = 0, exitCode = 0] = line.split(' ').map(Number)
  return { wall, cpu, memory, exitCode }
}

/** Does the work with namespaces of its own. */
export async function freshNamespaces<T>(bed: Bed, count: number, work: () => Promise<T> | T): Promise<T> {
  await bed.createNamespaces(count)
  try {
    return await work()
  } finally {
    await bed.removeNamespaces(count)
  }
}

/** An agent that takes its pods from the bed's directory and installs nothing outside of it. */
export async function startBedAgent(
  bed: Bed,
  settings: Readonly<Record<string, string>>,
): Promise<AgentProcess> {
  const node = (name: string) => {
    const path = join(bed.directory, name)
    mkdirSync(path, { recursive: true })
    return path
  }
  const netDir = node('net.d')
  writeFileSync(
    join(netDir, '10-bench.conflist'),
    '{"cniVersion":"1.0.0","name":"bench","plugins":[{"type":"bridge"}]}',
  )
  const agent = startAgent({
    MOUNTED_CNI_NET_DIR: netDir,
    MOUNTED_CNI_BIN_DIRS: node('bin'),
    CNI_BIN_SOURCE_DIR: join(import.meta.dirname, '../dist'),
    CNI_AGENT_RUN_DIR: bed.runDir,
    PODS_FROM: bed.podsDir,
    REQUIRE_HOST_MOUNTS: 'false',
    LOG_LEVEL: 'warn',
    ...settings,
  })
  await agent.ready()
  return agent
}

/** The value below which `share` (0 to 1) of all values lie. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)
