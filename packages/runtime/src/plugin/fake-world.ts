// The world of the unit tests: plain values instead of a node.
import type {
  ApiFailure,
  ApiReply,
  ApiRequest,
  FileState,
  HttpFailure,
  HttpReply,
  HttpRequest,
  Input,
  PluginPorts,
} from './ports.ts'

export interface World {
  env: Record<string, string>
  input: Input
  files: Record<string, FileState>
  namespaces: Record<string, string>
  userId: number
  /** Answers one after the other; the last one stays. A function sees the request. */
  replies: (HttpReply | HttpFailure)[]
  /** The content of files, by path. */
  texts: Record<string, Input>
  /** What the API server says, by path; the rest does not exist. A failure is its answer to everything. */
  api: Record<string, unknown> | ApiReply | ApiFailure
}

export interface FakePorts extends PluginPorts {
  readonly requests: HttpRequest[]
  readonly questions: ApiRequest[]
  readonly appended: { path: string; text: string; limit: number }[]
  /** Milliseconds that the plugin slept or waited for answers. */
  elapsed(): number
}

export const RUN_DIR = '/var/run/istio-cni'
export const done: HttpReply = { status: 200, body: '', peerUserId: 0 }
export const rootDirectory: FileState = { kind: 'directory', userId: 0, groupId: 0, mode: 0o755 }
export const rootSocket: FileState = { kind: 'socket', userId: 0, groupId: 0, mode: 0o600 }

/** A node with an agent that says done to everything, and a call for a pod `shop/cart`. */
export function world(changes: Partial<World> = {}): World {
  return {
    env: {
      CNI_COMMAND: 'ADD',
      CNI_CONTAINERID: 'c0',
      CNI_NETNS: '/run/netns/pod',
      CNI_IFNAME: 'eth0',
      CNI_PATH: '/opt/cni/bin',
      CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=cart;K8S_POD_UID=0aa2ff9b',
    },
    input: input(configuration()),
    files: {
      [RUN_DIR]: rootDirectory,
      [`${RUN_DIR}/pluginevent.sock`]: rootSocket,
      [`${RUN_DIR}/log.sock`]: rootSocket,
    },
    namespaces: { '/run/netns/pod': '2', '/proc/self/ns/net': '1' },
    userId: 0,
    replies: [done],
    texts: {},
    api: {},
    ...changes,
  }
}

export function configuration(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    cniVersion: '1.0.0',
    name: 'pods',
    type: 'istio-cni',
    plugin_log_level: 'info',
    cni_agent_run_dir: RUN_DIR,
    exclude_namespaces: ['kube-system'],
    pod_namespace: 'istio-system',
    prevResult: {
      cniVersion: '1.0.0',
      interfaces: [{ name: 'cni0' }, { name: 'eth0', sandbox: '/run/netns/pod' }],
      ips: [{ address: '10.77.0.2/16', gateway: '10.77.255.254', interface: 1 }],
      routes: [{ dst: '0.0.0.0/0' }],
      dns: {},
    },
    ...changes,
  }
}

export function input(value: unknown): Input {
  return { text: JSON.stringify(value) }
}

/** Environment of the usual call with changes; `undefined` removes a variable. */
export function environment(changes: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const entries = Object.entries({ ...world().env, ...changes })
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined))
}

/** Ports over a world. Time passes by sleeping and, with failure `timeout`, by waiting. */
export function portsOf(state: World): FakePorts {
  const requests: HttpRequest[] = []
  const questions: ApiRequest[] = []
  const appended: FakePorts['appended'] = []
  let now = 0
  return {
    requests,
    questions,
    appended,
    elapsed: () => now,
    env: (name) => state.env[name],
    readInput: () => state.input,
    request(request) {
      requests.push(request)
      const reply = state.replies[Math.min(requests.length, state.replies.length) - 1]
      if (reply === undefined) throw new Error('a request that nobody expected')
      if ('failure' in reply && reply.failure === 'timeout') now += request.deadlineMs
      return reply
    },
    askApiServer(request) {
      questions.push(request)
      const { api } = state
      if (isApiFailure(api) && api.failure === 'timeout') now += request.deadlineMs
      if (isApiFailure(api) || isApiReply(api)) return api
      const object = api[request.path]
      const status = { kind: 'Status', message: 'not found' }
      return object === undefined
        ? { status: 404, body: JSON.stringify(status) }
        : { status: 200, body: JSON.stringify(object) }
    },
    readFile: (path) => state.texts[path] ?? { failure: 'absent', detail: 'No such file or directory' },
    stat: (path) => state.files[path],
    networkNamespace(path) {
      const id = state.namespaces[path]
      return id === undefined ? { problem: 'No such file or directory' } : { id }
    },
    appendToFile(path, text, limit) {
      appended.push({ path, text, limit })
      return undefined
    },
    userId: () => state.userId,
    monotonicMs: () => now,
    wallClockMs: () => Date.UTC(2026, 0, 2, 3, 4, 5) + now,
    sleep(ms) {
      now += ms
    },
  }
}

function isApiFailure(api: World['api']): api is ApiFailure {
  return 'failure' in api && typeof api.failure === 'string'
}

function isApiReply(api: World['api']): api is ApiReply {
  return 'status' in api && typeof api.status === 'number'
}
