import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { get } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { nodeFlags } from '@istio-install-cni/runtime'

const agentBundle = join(import.meta.dirname, '../../dist/install-cni.mjs')

/** A running agent of ours. */
export interface AgentProcess {
  readonly child: ChildProcess
  /** Everything it has logged so far. */
  log(): string
  /** Status and body of `/readyz`; undefined while nothing listens. */
  readiness(): Promise<{ status: number; body: string } | undefined>
  /** Resolves when `/readyz` says 200; rejects with the log when the agent ends or `ms` pass before. */
  ready(ms?: number): Promise<void>
  /** Sends the signal and waits for the end. @returns the exit code */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/**
 * Starts the built agent with these settings and nothing else of this process's environment but PATH.
 * @param netns path of the network namespace that is the agent's node; this process's own by default
 * @param serviceAccount directory of what the kubelet would mount into the agent's pod; it sees a copy
 */
export function startAgent(
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
  netns?: string,
  serviceAccount?: string,
): AgentProcess {
  const [program = '', ...before] = [...inside(netns), ...withAccount(serviceAccount), process.execPath]
  const child = spawn(program, [...before, ...nodeFlags, agentBundle, ...args], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      log += chunk.toString('utf8')
    })
  }
  const port = Number(env.HEALTH_PORT ?? 8000)
  const readiness = () => httpGet(port, '/readyz', netns)
  return {
    child,
    log: () => log,
    readiness,
    ready: async (ms = 20_000) => {
      const until = Date.now() + ms
      while ((await readiness())?.status !== 200) {
        if (child.exitCode !== null) throw new Error(`the agent ended with ${child.exitCode}:\n${log}`)
        if (Date.now() > until)
          throw new Error(`the agent is not ready after ${ms} ms: ${(await readiness())?.body}\n${log}`)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
    stop: async (signal = 'SIGTERM') => {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit')
        child.kill(signal)
        await ended
      }
      return child.exitCode
    },
  }
}

type HttpAnswer = { status: number; body: string }

/** @param netns where the server listens; this process's own namespace by default */
export function httpGet(port: number, path: string, netns?: string): Promise<HttpAnswer | undefined> {
  return netns === undefined ? httpGetHere(port, path) : httpGetInside(netns, port, path)
}

const inside = (netns: string | undefined): string[] =>
  netns === undefined ? [] : ['nsenter', `--net=${netns}`]

/** Where the account's files belong is a directory of the machine: the agent gets a mount namespace of its own. */
const withAccount = (directory: string | undefined): string[] =>
  directory === undefined ? [] : ['unshare', '--mount', 'sh', '-ec', mountAccount, directory]

const mountAccount = `mount -t tmpfs tmpfs /var/run
mkdir -p /var/run/secrets/kubernetes.io
cp -r "$0" /var/run/secrets/kubernetes.io/serviceaccount
exec "$@"`

/** A program of its own enters the namespace. */
async function httpGetInside(netns: string, port: number, path: string): Promise<HttpAnswer | undefined> {
  const script = `fetch('http://127.0.0.1:${port}${path}').then(async (answer) =>
    console.log(JSON.stringify({ status: answer.status, body: await answer.text() })), () => {})`
  const [program = '', ...args] = [...inside(netns), process.execPath, '-e', script]
  const { stdout } = await promisify(execFile)(program, args)
  return stdout === '' ? undefined : JSON.parse(stdout)
}

function httpGetHere(port: number, path: string): Promise<HttpAnswer | undefined> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
    request.on('error', () => resolve(undefined))
  })
}
