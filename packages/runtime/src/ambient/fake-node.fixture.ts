/** A node with pods, namespaces, a ztunnel and an API server, all of them plain memory. For tests. */
import { pino } from 'pino'
import { type Pod, podFromManifest } from '../mesh/pod.ts'
import type { KernelProgram } from '../rules/program.ts'
import { AmbientPods, type AmbientPodsOptions, boundHost } from './index.ts'
import type { ProgramFor } from './pod-redirection.ts'
import type { AmbientCall, NamespaceHandles, Workload } from './ports.ts'

export const ambientLabel = { 'istio.io/dataplane-mode': 'ambient' }
const mark = 'ambient.istio.io/redirection'

const mode = 'istio.io/dataplane-mode'
const enablementSelectors = [
  { podSelector: { matchLabels: ambientLabel }, namespaceSelector: {} },
  {
    podSelector: { matchExpressions: [{ key: mode, operator: 'NotIn' as const, values: ['none'] }] },
    namespaceSelector: { matchLabels: ambientLabel },
  },
]

type Netns = {
  inode: bigint
  rules: string | undefined
  backend: 'nft' | 'iptables'
  addresses: string[]
  /** Rules of the other back-end beside them. */
  beside?: string | undefined
}
type Change = { kind: 'put' | 'remove'; pod: Pod } | { kind: 'replaced' }

const textOf = (program: KernelProgram): string => JSON.stringify(program)

const programFor: ProgramFor = (redirection, backend) => {
  const system = { policyRoutes: [], loopbackAddresses: [] }
  const text = JSON.stringify(redirection)
  return backend === 'nft'
    ? { backend, nft: text, tables: ['inet istio-ambient-nat'], system }
    : { backend, restore: { ipv4: `:ISTIO_PRERT ${text}` }, system }
}

/** What a namespace has once the program of that back-end was written. */
export const rulesOf = (...of: Parameters<ProgramFor>): string => textOf(programFor(...of))

/** Rules of ours that are not for an ambient pod. */
export const sidecarRules = 'of a sidecar'

export class FakeNode {
  readonly log: { msg: string; level: number }[] = []
  readonly events: string[] = []
  readonly drift: string[] = []
  readonly patches: string[] = []
  readonly labels = new Map<string, Record<string, string>>([['shop', {}]])
  readonly netns = new Map<bigint, Netns>()
  readonly paths = new Map<string, bigint>()
  readonly descriptors = new Map<number, bigint>()
  readonly probes = new Map<string, string>()
  readonly served = new Map<string, bigint>()
  readonly counts = { desired: 0, enrolled: 0, unenrolled: 0, drifted: 0 }
  /** What `find` has proof of: uid to path. */
  readonly running = new Map<string, string>()
  readonly deletions: string[] = []
  readonly changes: string[] = []
  /** Of each round how many looks at pods there were, and their seconds. */
  readonly rounds: [number, number][] = []
  readonly defaults = {
    excludeNamespaces: ['kube-system'],
    podNamespace: 'istio-system',
    enablementSelectors,
    ambientDnsCapture: true,
    ambientIpv6: true,
    hostProbeSnatIp: '169.254.7.127',
    hostProbeSnatIpv6: 'fd16::1',
    nativeNftables: true,
    ambientReconcilePodRulesOnStartup: true,
    ambientReadyNeedsZtunnel: false,
  }
  hasHostRules = false
  isListed = true
  isApiAway = false
  refusesPatches = false
  isZtunnelStarted = false
  isZtunnelConnected = false
  refuses = new Set<string>()
  /** When ztunnel's server last moved. */
  beat: number | undefined
  failRules: Error | undefined
  failRemoval: Error | undefined
  failPresent: Error | undefined
  failProbes: Error | undefined
  failHost: Error | undefined
  /** Awaited by everything in the kernel and ztunnel: tests put interleavings here. */
  delay: (what: string) => Promise<void> = async () => {}
  /** Told what a ztunnel is given that connects. */
  snapshotTaken: (uids: readonly string[]) => void = () => {}
  applied: string[] = []
  ambient: AmbientPods
  readonly #cache = new Map<string, Pod>()
  #podListener: ((change: Change) => void)[] = []
  #namespaceListener: ((name: string | undefined) => void)[] = []
  #nextFd = 10
  #nextInode = 100n

  constructor(options: Partial<AmbientPodsOptions> = {}) {
    this.ambient = this.agent(options)
  }

  /** A new agent on the same node. */
  agent(options: Partial<AmbientPodsOptions> = {}): AmbientPods {
    this.#podListener = []
    this.#namespaceListener = []
    this.ambient = new AmbientPods({
      pods: {
        find: async (namespace, name) => {
          if (this.isApiAway) throw new Error('the API server is away')
          return [...this.#cache.values()].find((pod) => pod.namespace === namespace && pod.name === name)
        },
        all: () => (this.isListed ? this.#cache.values() : []),
        onChange: (listener) => this.#podListener.push(listener),
        unreadyReasons: () => (this.isListed ? [] : ['not listed']),
      },
      namespaces: {
        labelsOf: async (name) => {
          if (this.isApiAway) throw new Error('the API server is away')
          return this.labels.get(name)
        },
        onChange: (listener) => this.#namespaceListener.push(listener),
        unreadyReasons: () => [],
      },
      networks: {
        applyRules: async (path, program) => {
          await this.delay('applyRules')
          if (this.failRules) throw this.failRules
          const netns = this.#at(path)
          const former = netns.rules
          netns.rules = textOf(program)
          netns.backend = program.backend
          netns.beside = undefined
          this.applied.push(`${netns.inode}`)
          if (former === undefined) return 'applied'
          return former === netns.rules ? 'unchanged' : 'replaced'
        },
        verifyRules: async (path, program) => {
          await this.delay('verifyRules')
          const { rules, beside } = this.#at(path)
          const has = [rules, beside].includes(textOf(program))
          if (has && beside === undefined) return []
          const kind = has ? 'unexpected' : 'missing'
          return [{ where: 'nft', kind, line: rules === undefined ? 'every rule' : 'a rule' }]
        },
        removeRules: async (path) => {
          await this.delay('removeRules')
          if (this.failRemoval) throw this.failRemoval
          this.#at(path).rules = undefined
        },
        presentModes: async (path) => {
          if (this.failPresent) throw this.failPresent
          const { rules } = this.#at(path)
          return { ambient: ![undefined, sidecarRules].includes(rules), sidecar: rules === sidecarRules }
        },
        addresses: async (path) => ['127.0.0.1', 'fe80::1', ...this.#at(path).addresses],
        presentRules: async (path) => {
          if (this.failPresent) throw this.failPresent
          const { rules, backend, beside } = this.#at(path)
          if (beside !== undefined) return 'both'
          return rules === undefined ? 'none' : backend
        },
      },
      host: boundHost(
        {
          applyRules: async (_: string) => {
            const was = this.hasHostRules
            await this.delay('host.applyRules')
            this.hasHostRules = true
            return was ? 'unchanged' : 'applied'
          },
          verifyRules: async () => {
            const isThere = this.hasHostRules
            await this.delay('host.verifyRules')
            if (this.failHost) throw this.failHost
            return isThere ? [] : [{ where: 'nft', kind: 'missing', line: 'postrouting' }]
          },
          removeRules: async () => {
            this.hasHostRules = false
            this.probes.clear()
          },
          probeSet: async () => {
            const found = new Map(this.probes)
            await this.delay('probeSet')
            return found
          },
          changeProbeSet: async ({ put, remove }) => {
            await this.delay('changeProbeSet')
            if (this.failProbes) throw this.failProbes
            for (const { address, uid } of remove)
              if (['', uid].includes(this.probes.get(address) ?? '')) this.probes.delete(address)
            for (const { address, uid } of put) this.probes.set(address, uid)
          },
        },
        'the program',
      ),
      ztunnel: {
        start: async () => {
          this.isZtunnelStarted = true
          if (this.isZtunnelConnected) this.connectZtunnel()
        },
        close: async () => {
          this.isZtunnelStarted = false
        },
        add: async (workload) => {
          await this.delay('ztunnel.add')
          if (!this.isZtunnelConnected || !this.isZtunnelStarted) throw new Error('no ztunnel connection')
          if (this.refuses.has(workload.uid)) throw new Error('ztunnel refused: no')
          this.#serve(workload)
        },
        remove: async (uid) => {
          await this.delay('ztunnel.remove')
          this.deletions.push(uid)
          this.served.delete(uid)
        },
        state: () => ({
          connections: this.isZtunnelConnected && this.isZtunnelStarted ? 1 : 0,
          lastBeat: this.beat ?? Date.now(),
          ...(this.isZtunnelConnected ? {} : { problem: 'no ztunnel is connected' }),
        }),
      },
      annotations: {
        annotate: async ({ uid }, value) => {
          if (this.refusesPatches) throw new Error('the API server is away')
          const pod = this.#cache.get(uid)
          if (pod === undefined || pod.annotations[mark] === value) return
          this.patches.push(`${pod.name} ${value}`)
          const { [mark]: _, ...others } = pod.annotations
          this.put({ ...pod, annotations: value === undefined ? others : { ...others, [mark]: value } })
        },
      },
      events: { warn: (pod, reason) => this.events.push(`${pod.name} ${reason}`) },
      ownPod: { warn: (reason) => this.events.push(`own ${reason}`) },
      observer: {
        podsChanged: (counts) => Object.assign(this.counts, counts),
        countDrift: (what) => this.drift.push(what),
        countEnrolment: () => {},
        countLeave: () => {},
        observePhase: () => {},
        countPodChange: (type) => this.changes.push(type),
        observeVerification: (pods, seconds) => this.rounds.push([pods, Number(seconds.toFixed(3))]),
      },
      log: pino({ level: 'debug' }, { write: (line: string) => this.log.push(JSON.parse(line)) }),
      find: async (wanted) => {
        await this.delay('find')
        return new Map(
          [...wanted.keys()].flatMap((uid) => {
            const path = this.running.get(uid)
            const inode = path === undefined ? undefined : this.paths.get(path)
            return path === undefined || inode === undefined ? [] : [[uid, { path, inode, proof: 'test' }]]
          }),
        )
      },
      programFor,
      handles: this.#handles(),
      now: Date.now,
      ...options,
      settings: { ...this.defaults, ...options.settings },
    })
    return this.ambient
  }

  /** A sandbox with a namespace of its own; `path` is where the runtime has it. */
  sandbox(uid: string, path: string, addresses: string[]): Netns {
    const netns: Netns = { inode: this.#nextInode++, rules: undefined, backend: 'nft', addresses }
    this.netns.set(netns.inode, netns)
    this.paths.set(path, netns.inode)
    this.running.set(uid, path)
    return netns
  }

  put(pod: Pod): Pod {
    this.#cache.set(pod.uid, pod)
    for (const listener of this.#podListener) listener({ kind: 'put', pod })
    return pod
  }

  drop(uid: string): void {
    const pod = this.#cache.get(uid)
    this.#cache.delete(uid)
    if (pod) for (const listener of this.#podListener) listener({ kind: 'remove', pod })
  }

  /** The cache is replaced by a new list, from which these are missing. */
  relist(without: readonly string[] = []): void {
    for (const uid of without) this.#cache.delete(uid)
    for (const listener of this.#podListener) listener({ kind: 'replaced' })
  }

  pod(uid: string): Pod | undefined {
    return this.#cache.get(uid)
  }

  markOf(uid: string): string | undefined {
    return this.#cache.get(uid)?.annotations[mark]
  }

  label(namespace: string, labels: Record<string, string>): void {
    this.labels.set(namespace, labels)
    for (const listener of this.#namespaceListener) listener(namespace)
  }

  connectZtunnel(): void {
    this.isZtunnelConnected = true
    if (!this.isZtunnelStarted) return
    const workloads = this.ambient.workloads()
    this.snapshotTaken(workloads.map(({ uid }) => uid))
    const former = new Map(this.served)
    this.served.clear()
    let refused = 0
    for (const workload of workloads) {
      const kept = former.get(workload.uid)
      if (workload.netns === -1) {
        if (kept !== undefined) this.served.set(workload.uid, kept)
      } else if (this.refuses.has(workload.uid)) refused++
      else this.#serve(workload)
    }
    this.ambient.ztunnelSnapshotAcked({ workloads, refused, isNewest: true })
  }

  disconnectZtunnel(): void {
    this.isZtunnelConnected = false
    this.ambient.ztunnelGone()
  }

  #serve({ uid, netns }: Workload): void {
    const inode = this.descriptors.get(netns)
    if (inode === undefined) throw new Error(`descriptor ${netns} of ${uid} is closed`)
    this.served.set(uid, inode)
  }

  #at(path: string): Netns {
    const fd = /^\/proc\/self\/fd\/(\d+)$/.exec(path)?.[1]
    const inode = fd === undefined ? this.paths.get(path) : this.descriptors.get(Number(fd))
    const netns = inode === undefined ? undefined : this.netns.get(inode)
    if (netns === undefined) throw new Error(`no network namespace is at ${path}`)
    return netns
  }

  #handles(): NamespaceHandles {
    return {
      open: (path) => {
        const { inode } = this.#at(path)
        const fd = this.#nextFd++
        this.descriptors.set(fd, inode)
        return { fd, inode }
      },
      close: ({ fd }) => {
        if (!this.descriptors.delete(fd)) throw new Error(`descriptor ${fd} was closed twice`)
      },
      inodeOf: async (path) => this.paths.get(path),
    }
  }
}

export function ambientPod(
  name: string,
  fields: Readonly<{
    labels?: Record<string, string>
    annotations?: Record<string, string>
    ips?: readonly string[]
    phase?: string
    namespace?: string
  }> = {},
): Pod {
  const { labels = ambientLabel, annotations = {}, ips = [], phase = 'Running', namespace = 'shop' } = fields
  return podFromManifest({
    metadata: { name, namespace, uid: `uid-${name}`, labels, annotations },
    spec: { containers: [{ name: 'app' }] },
    status: { phase, podIPs: ips.map((ip) => ({ ip })) },
  })
}

export const callFor = (pod: Pod, netns: string, fields: Partial<AmbientCall> = {}): AmbientCall => ({
  namespace: pod.namespace,
  name: pod.name,
  uid: pod.uid,
  netns,
  addresses: pod.ips,
  ...fields,
})
