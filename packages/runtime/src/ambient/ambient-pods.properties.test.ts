import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ambientRedirection } from '../mesh/ambient-redirection.ts'
import { ambientLabel, ambientPod, callFor, FakeNode } from './fake-node.fixture.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => vi.useRealTimers())

const names = ['a', 'b', 'c'] as const
type Name = (typeof names)[number]
type Sandbox = { path: string; id: string; isAdded: boolean }

/** A cluster around the node: what users, the runtime and faults do, and nothing of what the agent does. */
class World {
  readonly node = new FakeNode()
  readonly sandboxes = new Map<Name, Sandbox>()
  readonly former: { name: Name; sandbox: Sandbox }[] = []
  readonly ended = new Set<Name>()
  readonly failed = new Set<Sandbox>()
  readonly pending = new Map<Name, Promise<void>>()
  /** Milliseconds until the next thing happens after an ADD has begun. */
  patience = 10_000
  #count = 0

  pod(name: Name) {
    return this.node.pod(`uid-${name}`)
  }

  address(name: Name): string {
    return `10.0.0.${names.indexOf(name) + 2}`
  }

  isWanted(name: Name): boolean {
    const pod = this.pod(name)
    const namespace = this.node.labels.get('shop') ?? {}
    const value = pod?.labels['istio.io/dataplane-mode'] ?? namespace['istio.io/dataplane-mode']
    return pod !== undefined && !this.ended.has(name) && value === 'ambient'
  }

  create(name: Name, isLabelled: boolean): void {
    if (this.pod(name)) return
    this.node.put(ambientPod(name, { labels: isLabelled ? ambientLabel : {}, phase: 'Pending' }))
  }

  /** The runtime makes a sandbox and calls the plugin; when that fails it takes the sandbox down again. */
  async start(name: Name): Promise<void> {
    const pod = this.pod(name)
    if (!pod || this.ended.has(name)) return
    await this.answered(name)
    // A DEL may be late, but the kubelet has seen to it that it came before the next pod outside of the mesh starts.
    if (!this.isWanted(name)) await this.stop(name)
    const old = this.sandboxes.get(name)
    if (old) this.former.push({ name, sandbox: old })
    const id = `sandbox-${this.#count++}`
    const sandbox: Sandbox = { id, path: `/netns/${id}`, isAdded: false }
    this.node.sandbox(pod.uid, sandbox.path, [this.address(name)])
    this.sandboxes.set(name, sandbox)
    if (!this.isWanted(name)) return
    const addresses = [this.address(name)]
    const call = callFor(pod, sandbox.path, { containerId: id, addresses })
    const answer = this.node.ambient.add(pod, ambientRedirection(pod, this.node.defaults), call).then(
      () => true,
      () => false,
    )
    const done = answer.then((is) => {
      if (!is) this.failed.add(sandbox)
      this.pending.delete(name)
    })
    this.pending.set(name, done)
    await vi.advanceTimersByTimeAsync(this.patience)
    if (this.failed.has(sandbox)) await this.stop(name)
  }

  /** The runtime asks nothing else of a pod before it has its answer. */
  async answered(name: Name): Promise<void> {
    const pending = this.pending.get(name)
    if (!pending) return
    await vi.advanceTimersByTimeAsync(10_000)
    await pending
    const sandbox = this.sandboxes.get(name)
    if (sandbox && this.failed.has(sandbox)) await this.stop(name)
  }

  async stop(name: Name): Promise<void> {
    await this.answered(name)
    const sandbox = this.sandboxes.get(name)
    if (!sandbox) return
    this.sandboxes.delete(name)
    this.node.running.delete(`uid-${name}`)
    await this.#delete(name, sandbox)
    this.node.paths.delete(sandbox.path)
  }

  async lateDelete(): Promise<void> {
    const late = this.former.pop()
    if (late) await this.#delete(late.name, late.sandbox)
  }

  async #delete(name: Name, { id, path }: Sandbox): Promise<void> {
    const answer = this.node.ambient.remove(callFor(ambientPod(name), path, { containerId: id }))
    await vi.advanceTimersByTimeAsync(1_000)
    await answer
  }

  report(name: Name): void {
    const pod = this.pod(name)
    if (pod && this.sandboxes.has(name))
      this.node.put({ ...pod, phase: 'Running', ips: [this.address(name)] })
  }

  relabel(name: Name, isLabelled: boolean): void {
    const pod = this.pod(name)
    if (pod) this.node.put({ ...pod, labels: isLabelled ? ambientLabel : {} })
  }

  async end(name: Name): Promise<void> {
    const pod = this.pod(name)
    if (!pod) return
    this.ended.add(name)
    this.node.put({ ...pod, phase: 'Succeeded' })
    await this.stop(name)
  }

  async drop(name: Name): Promise<void> {
    this.node.drop(`uid-${name}`)
    await this.stop(name)
    this.ended.delete(name)
  }

  /** For a moment what is found of a pod without a sandbox is another's, which has its former address. */
  async mistake(name: Name, other: Name): Promise<void> {
    const sandbox = this.sandboxes.get(other)
    const pod = this.pod(name)
    if (!pod || !sandbox || this.sandboxes.has(name) || !this.isWanted(other)) return
    this.node.running.set(pod.uid, sandbox.path)
    this.node.put({ ...pod, phase: 'Running', ips: [this.address(other)] })
    await vi.advanceTimersByTimeAsync(400)
    this.node.running.delete(pod.uid)
  }

  flushRules(name: Name): void {
    const inode = this.node.paths.get(this.sandboxes.get(name)?.path ?? '')
    const netns = inode === undefined ? undefined : this.node.netns.get(inode)
    if (netns && this.isWanted(name)) netns.rules = undefined
  }

  breakNode(
    faults: Partial<
      Pick<
        FakeNode,
        | 'hasHostRules'
        | 'isApiAway'
        | 'refusesPatches'
        | 'failRules'
        | 'failRemoval'
        | 'failPresent'
        | 'failProbes'
      >
    >,
  ): void {
    Object.assign(this.node, faults)
  }

  async closeAgent(): Promise<void> {
    const closed = this.node.ambient.close({ uninstall: false })
    await vi.advanceTimersByTimeAsync(12_000)
    await closed
  }

  async restartAgent(): Promise<void> {
    await this.closeAgent()
    const started = this.node.agent().start()
    await vi.advanceTimersByTimeAsync(1_000)
    await started
  }

  async settle(): Promise<void> {
    const { node } = this
    node.failRules = undefined
    node.failProbes = undefined
    node.failRemoval = undefined
    node.failPresent = undefined
    node.refuses.clear()
    node.delay = async () => {}
    node.isApiAway = false
    node.refusesPatches = false
    node.connectZtunnel()
    for (const name of names) {
      await this.answered(name)
      this.report(name)
      if (!this.sandboxes.has(name)) node.drop(`uid-${name}`)
    }
    await vi.advanceTimersByTimeAsync(130_000)
  }
}

const name = fc.constantFrom(...names)
const flag = fc.boolean()
type Happening = (world: World) => void | Promise<void>
const happenings = (text: string, happen: Happening) =>
  Object.assign((world: World) => happen(world), { toString: () => text })
const happening = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(name, flag).map(([n, is]) => happenings(`create ${n} ${is}`, (w) => w.create(n, is))),
  },
  {
    weight: 10,
    arbitrary: name.map((n) =>
      happenings(`run ${n}`, async (w) => {
        if (w.ended.has(n)) await w.drop(n)
        w.create(n, true)
        await w.start(n)
        w.report(n)
      }),
    ),
  },
  { weight: 4, arbitrary: name.map((n) => happenings(`start ${n}`, (w) => w.start(n))) },
  { weight: 3, arbitrary: name.map((n) => happenings(`report ${n}`, (w) => w.report(n))) },
  {
    weight: 3,
    arbitrary: fc.tuple(name, flag).map(([n, is]) => happenings(`label ${n} ${is}`, (w) => w.relabel(n, is))),
  },
  flag.map((is) => happenings(`namespace ${is}`, (w) => w.node.label('shop', is ? ambientLabel : {}))),
  name.map((n) => happenings(`stop ${n}`, (w) => w.stop(n))),
  fc.constant(happenings('late DEL', (w) => w.lateDelete())),
  name.map((n) => happenings(`end ${n}`, (w) => w.end(n))),
  name.map((n) => happenings(`drop ${n}`, (w) => w.drop(n))),
  name.map((n) => happenings(`flush rules ${n}`, (w) => w.flushRules(n))),
  fc.constant(happenings('flush probes', (w) => w.node.probes.clear())),
  fc.constant(happenings('flush host', (w) => w.breakNode({ hasHostRules: false }))),
  fc.constant(
    happenings('stale probe', (w) => {
      w.node.probes.set('10.9.9.9', 'uid-gone')
    }),
  ),
  fc.constant(happenings('ztunnel away', (w) => w.node.disconnectZtunnel())),
  fc.constant(
    happenings('ztunnel new', (w) => {
      w.node.disconnectZtunnel()
      w.node.served.clear()
      w.node.connectZtunnel()
    }),
  ),
  flag.map((is) => happenings(`api away ${is}`, (w) => w.breakNode({ isApiAway: is }))),
  flag.map((is) => happenings(`patches refused ${is}`, (w) => w.breakNode({ refusesPatches: is }))),
  flag.map((is) =>
    happenings(`rules fail ${is}`, (w) => w.breakNode({ failRules: is ? new Error('busy') : undefined })),
  ),
  flag.map((is) =>
    happenings(`probes fail ${is}`, (w) => w.breakNode({ failProbes: is ? new Error('busy') : undefined })),
  ),
  {
    weight: 3,
    arbitrary: fc.constantFrom(0, 3, 50, 700).map((ms) =>
      happenings(`slow ${ms}`, (w) => {
        w.node.delay = ms === 0 ? async () => {} : () => new Promise((resolve) => setTimeout(resolve, ms))
      }),
    ),
  },
  fc
    .tuple(name, flag)
    .map(([n, is]) =>
      happenings(
        `refuse ${n} ${is}`,
        (w) => void (is ? w.node.refuses.add(`uid-${n}`) : w.node.refuses.clear()),
      ),
    ),
  flag.map((is) =>
    happenings(`removal fails ${is}`, (w) =>
      w.breakNode({ failRemoval: is ? new Error('busy') : undefined }),
    ),
  ),
  flag.map((is) =>
    happenings(`present fails ${is}`, (w) =>
      w.breakNode({ failPresent: is ? new Error('busy') : undefined }),
    ),
  ),
  {
    weight: 2,
    arbitrary: fc.tuple(name, name).map(([n, m]) => happenings(`mistake ${n} ${m}`, (w) => w.mistake(n, m))),
  },
  fc.constantFrom(0, 4, 900, 10_000).map((ms) =>
    happenings(`patience ${ms}`, (w) => {
      w.patience = ms
    }),
  ),
  fc.constant(happenings('relist', (w) => w.node.relist())),
  { weight: 2, arbitrary: fc.constant(happenings('agent restart', (w) => w.restartAgent())) },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom(1, 5, 60, 300, 31_000)
      .map((ms) => happenings(`${ms} ms`, async () => void (await vi.advanceTimersByTimeAsync(ms)))),
  },
)

describe('AmbientPods', () => {
  it('makes the node what it should be, whatever has happened', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(happening, { minLength: 1, maxLength: 40, size: 'max' }),
        async (happened) => {
          const world = new World()
          const { node } = world
          node.isZtunnelConnected = true
          await node.ambient.start()
          await vi.advanceTimersByTimeAsync(200)
          for (const happen of happened) await happen(world)
          await world.settle()
          const wanted = names.filter((n) => world.isWanted(n) && world.sandboxes.has(n))
          const inodeOf = (n: Name) => node.paths.get(world.sandboxes.get(n)?.path ?? '')
          const by = <T>(value: (n: Name) => T) => new Map(wanted.map((n) => [`uid-${n}`, value(n)]))
          expect(node.served).toEqual(by(inodeOf))
          expect(new Map(node.probes)).toEqual(new Map(wanted.map((n) => [world.address(n), `uid-${n}`])))
          expect([...node.descriptors.values()].sort()).toEqual([...by(inodeOf).values()].sort())
          for (const [n] of world.sandboxes) {
            const rules = node.netns.get(inodeOf(n) ?? 0n)?.rules
            expect([n, rules !== undefined]).toEqual([n, wanted.includes(n)])
          }
          for (const n of wanted) expect([n, node.markOf(`uid-${n}`)]).toEqual([n, 'enabled'])
          expect(node.hasHostRules).toBe(true)
          const { length } = wanted
          expect(node.counts).toEqual({ desired: length, enrolled: length, unenrolled: 0, drifted: 0 })
          await world.closeAgent()
          expect(node.descriptors.size).toBe(0)
        },
      ),
      { numRuns: 300 },
    )
  })
})
