import { CNI_ERROR, STATIC_POD_ANNOTATION } from '@istio-install-cni/config-schema'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ambientRedirection } from '../mesh/ambient-redirection.ts'
import { type Pod, podFromManifest } from '../mesh/pod.ts'
import { ambientLabel, ambientPod, callFor, FakeNode, rulesOf, sidecarRules } from './fake-node.fixture.ts'
import type { AmbientPods } from './index.ts'
import type { AmbientCall } from './ports.ts'

const enabled = { 'ambient.istio.io/redirection': 'enabled' }
const redirectionSettings = {
  ambientDnsCapture: true,
  ambientIpv6: true,
  hostProbeSnatIp: '169.254.7.127',
  hostProbeSnatIpv6: 'fd16::1',
}
const decision = (pod: Pod) => ambientRedirection(pod, redirectionSettings)
const add = (ambient: AmbientPods, pod: Pod, call: AmbientCall) => ambient.add(pod, decision(pod), call)
const soon = () => vi.advanceTimersByTimeAsync(1_000)
const aRound = () => vi.advanceTimersByTimeAsync(61_000)

let node: FakeNode

beforeEach(() => {
  vi.useFakeTimers()
  node = new FakeNode()
  node.isZtunnelConnected = true
})
afterEach(() => {
  vi.useRealTimers()
  // People look for what ambient mode does with `grep ambient`.
  expect(node.log.map(({ msg }) => msg).filter((msg) => !msg.includes('ambient'))).toEqual([])
})

async function started(): Promise<AmbientPods> {
  await node.ambient.start()
  await soon()
  return node.ambient
}

/** A pod that runs with a sandbox, as the API and the node show it. */
function running(name: string, ip: string, fields: Parameters<typeof ambientPod>[1] = {}) {
  const pod = node.put(ambientPod(name, { ips: [ip], ...fields }))
  const netns = node.sandbox(pod.uid, `/netns/${name}`, [ip])
  return { pod, netns }
}

function expectIn(uid: string, inode: bigint, address: string): void {
  expect(node.netns.get(inode)?.rules).toBeDefined()
  expect(node.served.get(uid)).toBe(inode)
  expect(node.probes.get(address)).toBe(uid)
}

function expectOut(uid: string, address: string): void {
  expect(node.served.has(uid)).toBe(false)
  expect(node.probes.get(address)).not.toBe(uid)
}

describe('an ADD of an ambient pod', () => {
  it('ends with rules, ztunnel, probe set and annotation, the last of which nobody waits for', async () => {
    const ambient = await started()
    const pod = node.put(ambientPod('web'))
    const netns = node.sandbox(pod.uid, '/netns/a', ['10.0.0.2'])
    await add(ambient, pod, callFor(pod, '/netns/a', { addresses: ['10.0.0.2'] }))
    expectIn(pod.uid, netns.inode, '10.0.0.2')
    await soon()
    expect(node.patches).toEqual(['web enabled'])
    expect(node.counts).toEqual({ desired: 1, enrolled: 1, unenrolled: 0, drifted: 0 })
  })

  it('succeeds while the API server is away, as far as it is concerned', async () => {
    const ambient = await started()
    const pod = node.put(ambientPod('web'))
    Object.assign(node, { isApiAway: true, refusesPatches: true })
    const netns = node.sandbox(pod.uid, '/netns/a', ['10.0.0.2'])
    await add(ambient, pod, callFor(pod, '/netns/a', { addresses: ['10.0.0.2'] }))
    await aRound()
    expectIn(pod.uid, netns.inode, '10.0.0.2')
    Object.assign(node, { isApiAway: false, refusesPatches: false })
    await aRound()
    expect(node.markOf(pod.uid)).toBe('enabled')
  })

  it('takes the addresses from the namespace when the plugin was called alone', async () => {
    const ambient = await started()
    const pod = node.put(ambientPod('web'))
    node.sandbox(pod.uid, '/netns/a', ['10.0.0.7'])
    await add(ambient, pod, callFor(pod, '/netns/a', { addresses: [] }))
    expect([...node.probes]).toEqual([['10.0.0.7', pod.uid]])
  })

  it('fails with error 11 and the reason when no ztunnel takes the pod, and a ztunnel that comes gets it', async () => {
    const ambient = await started()
    node.disconnectZtunnel()
    const pod = node.put(ambientPod('web'))
    const netns = node.sandbox(pod.uid, '/netns/a', ['10.0.0.2'])
    await expect(
      add(ambient, pod, callFor(pod, '/netns/a', { addresses: ['10.0.0.2'] })),
    ).rejects.toMatchObject({
      code: CNI_ERROR.tryAgainLater,
      details: 'no ztunnel connection',
    })
    node.connectZtunnel()
    await soon()
    expectIn(pod.uid, netns.inode, '10.0.0.2')
    expect(node.markOf(pod.uid)).toBe('enabled')
  })

  it('fails with error 101 when the rules are refused, and holds nothing', async () => {
    const ambient = await started()
    node.failRules = new Error('no such table')
    const pod = node.put(ambientPod('web'))
    node.sandbox(pod.uid, '/netns/a', ['10.0.0.2'])
    await expect(add(ambient, pod, callFor(pod, '/netns/a'))).rejects.toMatchObject({
      code: CNI_ERROR.rulesNotApplied,
    })
    expect(node.descriptors.size).toBe(0)
    expect(ambient.workloads()).toEqual([])
    expect(node.events).toEqual(['web RedirectionFailed'])
  })

  it('answers within its time and goes on behind', async () => {
    const ambient = await started()
    let release = () => {}
    node.delay = (what) =>
      what === 'ztunnel.add' ? new Promise((resolve) => (release = resolve)) : Promise.resolve()
    const pod = node.put(ambientPod('web'))
    const netns = node.sandbox(pod.uid, '/netns/a', ['10.0.0.2'])
    const answer = add(ambient, pod, callFor(pod, '/netns/a', { addresses: ['10.0.0.2'] }))
    const rejected = expect(answer).rejects.toMatchObject({ code: CNI_ERROR.tryAgainLater })
    await vi.advanceTimersByTimeAsync(9_500)
    await rejected
    node.delay = async () => {}
    release()
    await soon()
    expectIn(pod.uid, netns.inode, '10.0.0.2')
  })

  it('is harmless when it is repeated', async () => {
    const ambient = await started()
    const { pod, netns } = running('web', '10.0.0.2')
    await add(ambient, pod, callFor(pod, '/netns/web'))
    await add(ambient, pod, callFor(pod, '/netns/web'))
    expectIn(pod.uid, netns.inode, '10.0.0.2')
    expect(node.descriptors.size).toBe(1)
  })

  it('replaces the former sandbox of the same pod', async () => {
    const ambient = await started()
    const { pod } = running('web', '10.0.0.2')
    await add(ambient, pod, callFor(pod, '/netns/web', { containerId: 'one' }))
    const second = node.sandbox(pod.uid, '/netns/again', ['10.0.0.3'])
    await add(ambient, pod, callFor(pod, '/netns/again', { containerId: 'two', addresses: ['10.0.0.3'] }))
    expect(node.served.get(pod.uid)).toBe(second.inode)
    expect([...node.descriptors.values()]).toEqual([second.inode])
    expect([...node.probes.keys()]).toEqual(['10.0.0.3'])
  })

  it('that fails in the next sandbox of the pod leaves nothing of the former one', async () => {
    const ambient = await started()
    const { pod } = running('web', '10.0.0.2')
    await add(ambient, pod, callFor(pod, '/netns/web', { containerId: 'one' }))
    node.sandbox(pod.uid, '/netns/again', ['10.0.0.3'])
    node.failRules = new Error('no such table')
    const again = callFor(pod, '/netns/again', { containerId: 'two', addresses: ['10.0.0.3'] })
    await expect(add(ambient, pod, again)).rejects.toMatchObject({ code: CNI_ERROR.rulesNotApplied })
    expectOut(pod.uid, '10.0.0.2')
    expect([node.probes.size, node.descriptors.size]).toEqual([0, 0])
  })
})

describe('one network namespace', () => {
  /** After a reboot a pod may be known by an address that by now is another's, whose processes do not run yet. */
  const mistaken = (fields: Parameters<typeof ambientPod>[1] = {}) => {
    const stale = ambientPod('stale', { ips: ['10.0.0.2'], ...fields })
    const web = ambientPod('web')
    const netns = node.sandbox(web.uid, '/netns/web', ['10.0.0.2'])
    node.running.set(stale.uid, '/netns/web')
    return { stale, web, netns, call: callFor(web, '/netns/web', { addresses: ['10.0.0.2'] }) }
  }

  it('that an ADD has made one pod’s is never taken for another’s', async () => {
    const ambient = await started()
    const { stale, web, netns, call } = mistaken()
    node.put(web)
    await add(ambient, web, call)
    node.put(stale)
    await soon()
    node.disconnectZtunnel()
    node.connectZtunnel()
    await aRound()
    expect([...node.served]).toEqual([[web.uid, netns.inode]])
    expectIn(web.uid, netns.inode, '10.0.0.2')
    expect(node.descriptors.size).toBe(1)
  })

  it('that was taken for another’s becomes the pod’s of its ADD', async () => {
    const ambient = await started()
    const { stale, web, netns, call } = mistaken()
    node.put(stale)
    await soon()
    expect([...node.served.keys()]).toEqual([stale.uid])
    node.put(web)
    await add(ambient, web, call)
    await aRound()
    expect([...node.served]).toEqual([[web.uid, netns.inode]])
    expectIn(web.uid, netns.inode, '10.0.0.2')
    expect(node.descriptors.size).toBe(1)
  })

  it.each([
    ['said to be in the mesh', { annotations: enabled }],
    ['of which nobody says so', {}],
  ])('keeps its rules while a pod outside of the mesh has its address, %s', async (_, fields) => {
    const { stale, web, netns, call } = mistaken({ labels: {}, ...fields })
    node.put(stale)
    node.running.delete(stale.uid)
    const ambient = await started()
    node.put(web)
    await add(ambient, web, call)
    node.running.set(stale.uid, '/netns/web')
    const { rules } = netns
    let isCut = false
    node.delay = async () => {
      isCut ||= netns.rules !== rules
    }
    await aRound()
    expect([isCut, netns.rules]).toEqual([false, rules])
    expectIn(web.uid, netns.inode, '10.0.0.2')
  })
})

describe('a DEL of an ambient pod', () => {
  async function added() {
    const ambient = await started()
    const { pod, netns } = running('web', '10.0.0.2')
    await add(ambient, pod, callFor(pod, '/netns/web', { containerId: 'one' }))
    await soon()
    return { ambient, pod, netns }
  }

  it('takes everything outside of the pod back, at once', async () => {
    const { ambient, pod } = await added()
    await ambient.remove(callFor(pod, '/netns/web', { containerId: 'one' }))
    expectOut(pod.uid, '10.0.0.2')
    expect(node.descriptors.size).toBe(0)
  })

  it('is not undone by the pod that the API still has', async () => {
    const { ambient, pod } = await added()
    await ambient.remove(callFor(pod, '/netns/web', { containerId: 'one' }))
    await aRound()
    expectOut(pod.uid, '10.0.0.2')
    expect(node.counts.enrolled).toBe(0)
  })

  it.each([
    ['the id of another sandbox', { containerId: 'another' }, '/netns/web'],
    ['another namespace', {}, '/netns/other'],
    ['a namespace that is gone', {}, '/netns/gone'],
  ])('with %s changes nothing', async (_, fields, path) => {
    const { ambient, pod, netns } = await added()
    node.sandbox('other', '/netns/other', [])
    await ambient.remove(callFor(pod, path, fields))
    expectIn(pod.uid, netns.inode, '10.0.0.2')
  })

  it('finds the pod by its name when the caller knows no uid, and when the namespace is gone', async () => {
    const { ambient, pod } = await added()
    node.paths.delete('/netns/web')
    const { uid: _, ...call } = callFor(pod, '/netns/web')
    await ambient.remove(call)
    expectOut(pod.uid, '10.0.0.2')
  })

  it.each([
    ['/host/netns/cni-1', '/var/run/netns/cni-1', false],
    ['/host/netns/cni-1', '/var/run/netns/cni-2', true],
    ['/host/proc/7/ns/net', '/proc/8/ns/net', true],
  ])('of a pod found at %s, whose namespace %s is gone: it stays is %s', async (found, path, stays) => {
    const ambient = await started()
    const pod = node.put(ambientPod('web', { ips: ['10.0.0.2'] }))
    node.sandbox(pod.uid, found, ['10.0.0.2'])
    await soon()
    await ambient.remove(callFor(pod, path, { containerId: 'one' }))
    expect(node.served.has(pod.uid)).toBe(stays)
  })

  it('of an unknown pod, or with a ztunnel that hangs, ends in time without an error', async () => {
    const { ambient, pod } = await added()
    await ambient.remove(callFor(ambientPod('nobody'), '/netns/x'))
    node.delay = (what) => (what === 'ztunnel.remove' ? new Promise(() => {}) : Promise.resolve())
    const answer = ambient.remove(callFor(pod, '/netns/web', { containerId: 'one' }))
    await vi.advanceTimersByTimeAsync(1_000)
    await answer
    expect(node.probes.size).toBe(0)
  })

  it('that comes while the ADD waits undoes the ADD', async () => {
    const ambient = await started()
    const { pod } = running('web', '10.0.0.2')
    let release = () => {}
    node.delay = (what) =>
      what === 'ztunnel.add' ? new Promise((resolve) => (release = resolve)) : Promise.resolve()
    const adding = add(ambient, pod, callFor(pod, '/netns/web', { containerId: 'one' })).catch(() => {})
    await soon()
    const removing = ambient.remove(callFor(pod, '/netns/web', { containerId: 'one' }))
    node.delay = async () => {}
    release()
    await Promise.all([adding, removing])
    expectOut(pod.uid, '10.0.0.2')
    expect(node.descriptors.size).toBe(0)
  })

  it('of the former sandbox that comes after the ADD of the next one changes nothing', async () => {
    const { ambient, pod } = await added()
    const second = node.sandbox(pod.uid, '/netns/again', ['10.0.0.2'])
    await add(ambient, pod, callFor(pod, '/netns/again', { containerId: 'two' }))
    await ambient.remove(callFor(pod, '/netns/web', { containerId: 'one' }))
    expectIn(pod.uid, second.inode, '10.0.0.2')
  })
})

describe('labels', () => {
  it('of a pod bring a running one in and take it out', async () => {
    await started()
    const { pod, netns } = running('web', '10.0.0.2', { labels: {} })
    await soon()
    expectOut(pod.uid, '10.0.0.2')
    node.put({ ...pod, labels: ambientLabel })
    await soon()
    expectIn(pod.uid, netns.inode, '10.0.0.2')
    expect(node.markOf(pod.uid)).toBe('enabled')
    expect(node.drift).toEqual([])
    node.put({ ...(node.pod(pod.uid) ?? pod), labels: {} })
    await soon()
    expectOut(pod.uid, '10.0.0.2')
    expect(netns.rules).toBeUndefined()
    expect(node.markOf(pod.uid)).toBeUndefined()
    expect(node.descriptors.size).toBe(0)
  })

  it('of a namespace do so for its pods, and only for those', async () => {
    await started()
    const web = running('web', '10.0.0.2', { labels: {} })
    const other = running('other', '10.0.0.3', { labels: {}, namespace: 'elsewhere' })
    node.labels.set('elsewhere', {})
    node.label('shop', ambientLabel)
    await soon()
    expectIn(web.pod.uid, web.netns.inode, '10.0.0.2')
    expectOut(other.pod.uid, '10.0.0.3')
    node.label('shop', {})
    await soon()
    expectOut(web.pod.uid, '10.0.0.2')
  })

  it('that cannot be asked for change nothing', async () => {
    await started()
    const { pod, netns } = running('web', '10.0.0.2')
    await soon()
    node.isApiAway = true
    node.put({ ...(node.pod(pod.uid) ?? pod), labels: {} })
    await aRound()
    expectIn(pod.uid, netns.inode, '10.0.0.2')
  })

  it('that cannot be asked for keep nothing from being repaired', async () => {
    node.label('shop', ambientLabel)
    await started()
    const { netns } = running('web', '10.0.0.2', { labels: {} })
    await soon()
    node.isApiAway = true
    netns.rules = undefined
    await aRound()
    expect(netns.rules).toBeDefined()
  })

  it('of a namespace that is gone take no pod out', async () => {
    node.label('shop', ambientLabel)
    await started()
    const { pod, netns } = running('web', '10.0.0.2', { labels: {} })
    await soon()
    node.labels.delete('shop')
    await aRound()
    expectIn(pod.uid, netns.inode, '10.0.0.2')
  })

  it('that change while the pod is being enrolled win in the end', async () => {
    await started()
    let release = () => {}
    node.delay = (what) =>
      what === 'applyRules' ? new Promise((resolve) => (release = resolve)) : Promise.resolve()
    const { pod, netns } = running('web', '10.0.0.2')
    await soon()
    node.put({ ...pod, labels: {} })
    await soon()
    node.delay = async () => {}
    release()
    await soon()
    expectOut(pod.uid, '10.0.0.2')
    expect(netns.rules).toBeUndefined()
  })

  it('are tried again until the rules are out, and people are told', async () => {
    await started()
    const { pod, netns } = running('web', '10.0.0.2')
    await soon()
    node.failRemoval = new Error('the table is busy')
    node.put({ ...(node.pod(pod.uid) ?? pod), labels: {} })
    await aRound()
    expect(node.events).toContain('web RedirectionFailed')
    expect(node.probes.size).toBe(0)
    node.failRemoval = undefined
    await aRound()
    expect(netns.rules).toBeUndefined()
    expectOut(pod.uid, '10.0.0.2')
  })

  it('of a pod without an address, whose ADD is to come, search nothing', async () => {
    await started()
    const searches = vi.fn()
    node.delay = async (what) => (what === 'find' ? searches() : undefined)
    node.put(ambientPod('web'))
    await aRound()
    expect(searches).not.toHaveBeenCalled()
  })

  it('of a pod of a manifest that nobody completes bring it in as soon as processes prove where it is', async () => {
    await started()
    const metadata = { name: 'web', namespace: 'shop', uid: 'uid-web' }
    const pod = node.put(podFromManifest({ metadata, spec: { containers: [{ name: 'app' }] } }))
    const netns = node.sandbox(pod.uid, '/netns/web', ['10.0.0.2'])
    node.running.delete(pod.uid)
    node.label('shop', ambientLabel)
    const searches = vi.fn()
    node.delay = async (what) => (what === 'find' ? searches() : undefined)
    await vi.advanceTimersByTimeAsync(300_000)
    // Nobody says that it runs, so nobody is told, and it is looked for once in a round.
    expect(node.events).toEqual([])
    expect(searches.mock.calls.length).toBeLessThan(15)
    node.running.set(pod.uid, '/netns/web')
    await aRound()
    expectIn(pod.uid, netns.inode, '10.0.0.2')
    node.label('shop', {})
    await aRound()
    expectOut(pod.uid, '10.0.0.2')
  })

  it('of a static pod find it by the uid that the kubelet knows', async () => {
    await started()
    const pod = node.put(
      ambientPod('web', { ips: ['10.0.0.2'], annotations: { [STATIC_POD_ANNOTATION]: 'uid-of-the-file' } }),
    )
    const netns = node.sandbox('uid-of-the-file', '/netns/web', ['10.0.0.2'])
    await aRound()
    expectIn(pod.uid, netns.inode, '10.0.0.2')
  })

  it('of a pod whose namespace nothing proves are told of, and obeyed once it is found', async () => {
    await started()
    const pod = node.put(ambientPod('web', { ips: ['10.0.0.2'] }))
    await vi.advanceTimersByTimeAsync(50_000)
    expect(node.events).toEqual([])
    await aRound()
    expect(node.events).toEqual(['web EnrolmentPending'])
    const netns = node.sandbox(pod.uid, '/netns/web', ['10.0.0.2'])
    await aRound()
    expectIn(pod.uid, netns.inode, '10.0.0.2')
  })
})

describe('an ambient pod that ends', () => {
  it.each(['Succeeded', 'Failed'])('in phase %s is let go without touching its rules', async (phase) => {
    await started()
    const { pod, netns } = running('job', '10.0.0.2')
    await soon()
    node.put({ ...(node.pod(pod.uid) ?? pod), phase })
    await soon()
    expectOut(pod.uid, '10.0.0.2')
    expect(netns.rules).toBeDefined()
    expect(node.markOf(pod.uid)).toBeUndefined()
  })

  it('by being deleted is let go, also when its DEL never came', async () => {
    await started()
    const { pod, netns } = running('web', '10.0.0.2')
    await soon()
    node.drop(pod.uid)
    await soon()
    expectOut(pod.uid, '10.0.0.2')
    expect(netns.rules).toBeDefined()
    expect(node.descriptors.size).toBe(0)
  })

  it('by being deleted while it is looked for is forgotten by ztunnel and the probe set all the same', async () => {
    await started()
    const pod = node.put(ambientPod('web', { ips: ['10.0.0.2'], annotations: enabled }))
    await soon()
    node.served.set(pod.uid, 7n)
    node.probes.set('10.0.0.2', pod.uid)
    node.delay = async (what) => {
      if (what !== 'find') return
      node.delay = async () => {}
      node.drop(pod.uid)
    }
    await vi.advanceTimersByTimeAsync(25_000)
    expectOut(pod.uid, '10.0.0.2')
    expect(node.deletions).toEqual([pod.uid])
  })

  it('is counted as the original counts: what came, what changed, what went, by events and by lists', async () => {
    const pod = node.put(ambientPod('one', { labels: {} }))
    node.put(pod)
    node.drop(pod.uid)
    node.put(ambientPod('two', { labels: {} }))
    node.relist(['uid-two'])
    expect(node.changes).toEqual(['add', 'update', 'delete', 'add', 'delete'])
    node.changes.length = 0
    node.put(ambientPod('three', { labels: {} }))
    node.agent()
    expect(node.changes).toEqual(['add', 'add'])
  })

  it('while nobody watched is let go at the next list', async () => {
    await started()
    const { pod } = running('web', '10.0.0.2')
    await soon()
    node.relist([pod.uid])
    await soon()
    expectOut(pod.uid, '10.0.0.2')
  })

  it('leaves an address to the pod that has it now', async () => {
    const ambient = await started()
    const old = running('old', '10.0.0.2')
    await soon()
    const next = node.put(ambientPod('next'))
    node.sandbox(next.uid, '/netns/next', ['10.0.0.2'])
    await add(ambient, next, callFor(next, '/netns/next', { addresses: ['10.0.0.2'] }))
    node.drop(old.pod.uid)
    await aRound()
    expect(node.probes.get('10.0.0.2')).toBe(next.uid)
  })

  it('is not taken for gone by a list that is older than its ADD', async () => {
    const ambient = await started()
    const pod = ambientPod('web')
    const netns = node.sandbox(pod.uid, '/netns/web', ['10.0.0.2'])
    await add(ambient, pod, callFor(pod, '/netns/web', { addresses: ['10.0.0.2'] }))
    node.put(pod)
    node.isListed = false
    node.relist()
    await aRound()
    expectIn(pod.uid, netns.inode, '10.0.0.2')
  })
})

describe('verification', () => {
  it('repairs rules that somebody flushed, counts it and tells people', async () => {
    await started()
    const { pod, netns } = running('web', '10.0.0.2')
    await soon()
    netns.rules = undefined
    await aRound()
    expectIn(pod.uid, netns.inode, '10.0.0.2')
    expect(node.drift).toEqual(['rules'])
    expect(node.events).toEqual(['web RedirectionRepaired'])
    expect(node.log.some(({ msg }) => /repaired .*ambient/.test(msg))).toBe(true)
  })

  it('counts a pod as drifted, and no longer as enrolled, until what it found is repaired', async () => {
    await started()
    const { netns } = running('web', '10.0.0.2')
    await soon()
    Object.assign(node, { failRules: new Error('the namespace is busy') })
    netns.rules = undefined
    await aRound()
    expect(node.counts).toEqual({ desired: 1, enrolled: 0, unenrolled: 1, drifted: 1 })
    node.failRules = undefined
    await aRound()
    expect(node.counts).toEqual({ desired: 1, enrolled: 1, unenrolled: 0, drifted: 0 })
  })

  it('counts a pod as drifted that ztunnel had taken and takes no more, but none while ztunnel restarts', async () => {
    await started()
    const { pod } = running('web', '10.0.0.2')
    await soon()
    node.disconnectZtunnel()
    await aRound()
    expect(node.counts).toEqual({ desired: 1, enrolled: 0, unenrolled: 1, drifted: 0 })
    node.refuses.add(pod.uid)
    node.connectZtunnel()
    await soon()
    expect(node.counts).toEqual({ desired: 1, enrolled: 0, unenrolled: 1, drifted: 1 })
    node.refuses.clear()
    await aRound()
    expect(node.counts).toEqual({ desired: 1, enrolled: 1, unenrolled: 0, drifted: 0 })
  })

  it('repairs rules that are flushed right after the pod has joined, within seconds', async () => {
    const ambient = await started()
    const { pod, netns } = running('web', '10.0.0.2')
    const other = running('other', '10.0.0.3')
    await soon()
    other.netns.rules = undefined
    await add(ambient, pod, callFor(pod, '/netns/web'))
    netns.rules = undefined
    await vi.advanceTimersByTimeAsync(4_000)
    expectIn(pod.uid, netns.inode, '10.0.0.2')
    expectIn(other.pod.uid, other.netns.inode, '10.0.0.3')
    expect(node.drift).toEqual(['rules', 'rules'])
  })

  it('looks at a pod that has joined between two looks at others within the interval', async () => {
    const ambient = await started()
    running('other', '10.0.0.3')
    await vi.advanceTimersByTimeAsync(40_000)
    const { pod, netns } = running('web', '10.0.0.2')
    await add(ambient, pod, callFor(pod, '/netns/web'))
    await vi.advanceTimersByTimeAsync(5_000)
    netns.rules = undefined
    await vi.advanceTimersByTimeAsync(30_500)
    expectIn(pod.uid, netns.inode, '10.0.0.2')
  })

  it('tells how long the looks at all pods of a round took', async () => {
    await started()
    running('web', '10.0.0.2')
    running('other', '10.0.0.3')
    await aRound()
    node.rounds.length = 0
    node.delay = (what) =>
      what === 'verifyRules' ? new Promise((resolve) => setTimeout(resolve, 200)) : Promise.resolve()
    await aRound()
    expect(node.rounds).toEqual([
      [2, 0.4],
      [2, 0.4],
    ])
  })

  it('finds a pod that runs without rules although its annotation says otherwise', async () => {
    const { pod, netns } = running('web', '10.0.0.2', { annotations: enabled })
    await started()
    expectIn(pod.uid, netns.inode, '10.0.0.2')
    expect(node.drift).toEqual(['rules'])
  })

  it('follows annotations of a running pod, which is no drift', async () => {
    await started()
    const { pod, netns } = running('web', '10.0.0.2')
    await soon()
    const former = netns.rules
    const now = node.pod(pod.uid) ?? pod
    node.put({ ...now, annotations: { ...now.annotations, 'ambient.istio.io/dns-capture': 'false' } })
    await soon()
    expect(netns.rules).not.toBe(former)
    expect(node.drift).toEqual([])
  })

  it('puts addresses back into a flushed probe set, and takes out what is nobody’s', async () => {
    await started()
    const { pod, netns } = running('web', '10.0.0.2')
    await aRound()
    node.probes.clear()
    node.probes.set('10.9.9.9', 'uid-long-gone')
    await aRound()
    expectIn(pod.uid, netns.inode, '10.0.0.2')
    expect(node.probes.has('10.9.9.9')).toBe(false)
    expect(node.drift).toContain('probes')
    expect(node.events).toEqual(['web RedirectionRepaired'])
    expect(node.log.some(({ msg }) => /repaired the probe set of ambient/.test(msg))).toBe(true)
  })

  it('misses no IPv6 address in the probe set where IPv6 is off', async () => {
    node = new FakeNode({ settings: { ...node.defaults, ambientIpv6: false } })
    node.isZtunnelConnected = true
    await started()
    running('web', '10.0.0.2', { ips: ['10.0.0.2', 'fd00::2'] })
    await soon()
    node.probes.delete('fd00::2')
    await aRound()
    expect(node.drift).toEqual([])
  })

  it('takes nothing out of the probe set while it has no full view', async () => {
    await started()
    node.isListed = false
    node.probes.set('10.9.9.9', 'uid-unseen')
    await aRound()
    expect(node.probes.get('10.9.9.9')).toBe('uid-unseen')
  })

  it('waits for the addresses of a pod that starts, but not for ever, before it takes out what is nobody’s', async () => {
    node.probes.set('10.9.9.9', '')
    const pod = node.put(ambientPod('starting'))
    node.probes.set('10.0.0.2', pod.uid)
    await started()
    await vi.advanceTimersByTimeAsync(40_000)
    expect([...node.probes.keys()]).toEqual(['10.9.9.9', '10.0.0.2'])
    await aRound()
    expect([...node.probes.keys()]).toEqual(['10.0.0.2'])
  })

  it("writes the node's own rules again", async () => {
    await started()
    node.hasHostRules = false
    await aRound()
    expect(node.hasHostRules).toBe(true)
    expect(node.drift).toEqual(['host'])
    expect(node.events).toEqual(['own NodeRulesRepaired'])
  })

  it.each(['failHost', 'failProbes'] as const)(
    'that fails (%s) is a problem until it succeeds',
    async (fault) => {
      const ambient = await started()
      running('web', '10.0.0.2')
      await soon()
      node.probes.clear()
      node[fault] = new Error('the kernel is busy')
      await aRound()
      expect(ambient.problems()).toEqual([
        "the node's rules for probes cannot be verified: the kernel is busy",
      ])
      node[fault] = undefined
      await vi.advanceTimersByTimeAsync(2_500)
      expect(ambient.problems()).toEqual([])
      expect(node.probes.has('10.0.0.2')).toBe(true)
    },
  )

  it('follows a pod whose addresses change', async () => {
    await started()
    const { pod } = running('web', '10.0.0.2')
    await soon()
    node.put({ ...(node.pod(pod.uid) ?? pod), ips: ['10.0.0.9', 'fd00::0:9'] })
    await soon()
    expect([...node.probes.keys()].sort()).toEqual(['10.0.0.9', 'fd00::9'])
  })

  it('asks the API server for nothing while all is well', async () => {
    await started()
    running('web', '10.0.0.2')
    await soon()
    node.patches.length = 0
    await aRound()
    expect(node.patches).toEqual([])
    expect(node.applied).toHaveLength(1)
  })
})

describe('ztunnel', () => {
  it('is served only when all running pods are known', async () => {
    const { pod, netns } = running('web', '10.0.0.2', { annotations: enabled })
    let release = () => {}
    node.delay = (what) =>
      what === 'find' ? new Promise((resolve) => (release = resolve)) : Promise.resolve()
    await node.ambient.start()
    await soon()
    expect(node.isZtunnelStarted).toBe(false)
    expect(node.ambient.unreadyReasons()).toContain('the ambient pods of this node are not known yet')
    node.delay = async () => {}
    release()
    await soon()
    expect(node.isZtunnelStarted).toBe(true)
    expectIn(pod.uid, netns.inode, '10.0.0.2')
  })

  it('is served in the end, whatever a search for pods waits for', async () => {
    const { pod } = running('web', '10.0.0.2', { annotations: enabled })
    node.served.set(pod.uid, 77n)
    node.delay = (what) => (what === 'find' ? new Promise(() => {}) : Promise.resolve())
    await node.ambient.start()
    await vi.advanceTimersByTimeAsync(9_000)
    expect(node.isZtunnelStarted).toBe(false)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(node.isZtunnelStarted).toBe(true)
    expect(node.served.get(pod.uid)).toBe(77n)
  })

  it('keeps what it has of a pod that is not found', async () => {
    const pod = node.put(ambientPod('web', { ips: ['10.0.0.2'], annotations: enabled }))
    node.served.set(pod.uid, 77n)
    await node.ambient.start()
    await vi.advanceTimersByTimeAsync(5_000)
    expect(node.isZtunnelStarted).toBe(true)
    expect(node.served.get(pod.uid)).toBe(77n)
  })

  it('keeps what it has of a pod of which nobody can tell now whether it belongs into the mesh', async () => {
    const { pod, netns } = running('web', '10.0.0.2', { annotations: enabled })
    node.served.set(pod.uid, netns.inode)
    node.labels.delete('shop')
    node.put({ ...pod, labels: {} })
    await started()
    expect(node.served.get(pod.uid)).toBe(netns.inode)
  })

  it('gets everything again when it restarts in the middle of an enrolment', async () => {
    await started()
    let release = () => {}
    node.delay = (what) =>
      what === 'ztunnel.add' ? new Promise((resolve) => (release = resolve)) : Promise.resolve()
    const { pod, netns } = running('web', '10.0.0.2')
    await soon()
    node.disconnectZtunnel()
    node.served.clear()
    node.delay = async () => {}
    release()
    await soon()
    expect(node.markOf(pod.uid)).toBe('pending')
    node.connectZtunnel()
    await soon()
    expectIn(pod.uid, netns.inode, '10.0.0.2')
    expect(node.markOf(pod.uid)).toBe('enabled')
  })

  it('that restarts does not make whole pods pending', async () => {
    await started()
    running('web', '10.0.0.2')
    await soon()
    node.disconnectZtunnel()
    await aRound()
    expect(node.patches).toEqual(['web enabled'])
    expect(node.counts).toMatchObject({ enrolled: 0, unenrolled: 1 })
  })

  it('is offered pods again that it refused in its snapshot', async () => {
    await started()
    const { pod, netns } = running('web', '10.0.0.2')
    await soon()
    node.disconnectZtunnel()
    node.refuses.add(pod.uid)
    node.connectZtunnel()
    await soon()
    expect(node.counts.enrolled).toBe(0)
    node.refuses.clear()
    await vi.advanceTimersByTimeAsync(10_000)
    expectIn(pod.uid, netns.inode, '10.0.0.2')
    expect(node.events).toEqual(['web EnrolmentPending', 'web RedirectionRepaired'])
    expect(node.drift).toEqual(['ztunnel'])
    expect(node.log.some(({ msg }) => /ztunnel serves an ambient pod again/.test(msg))).toBe(true)
  })

  it('counts as serving a pod only once the newest of several says so, each of which has its own list', async () => {
    await started()
    const web = running('web', '10.0.0.2')
    await soon()
    node.disconnectZtunnel()
    const ofOlder = node.ambient.workloads()
    const late = running('late', '10.0.0.3')
    await soon()
    const ofNewer = node.ambient.workloads()
    const uids = (list: typeof ofOlder) => list.map(({ uid }) => uid)
    expect([uids(ofOlder), uids(ofNewer)]).toEqual([[web.pod.uid], [web.pod.uid, late.pod.uid]])
    node.ambient.ztunnelSnapshotAcked({ workloads: ofOlder, refused: 0, isNewest: false })
    await soon()
    expect(node.counts.enrolled).toBe(0)
    node.ambient.ztunnelSnapshotAcked({ workloads: ofNewer, refused: 0, isNewest: true })
    await soon()
    expect(node.counts.enrolled).toBe(2)
  })

  it('that went leaves its pods to the one that is still there', async () => {
    await started()
    const { pod, netns } = running('web', '10.0.0.2')
    await soon()
    node.served.clear()
    node.ambient.ztunnelGone()
    await soon()
    expectIn(pod.uid, netns.inode, '10.0.0.2')
    expect([node.drift, node.events]).toEqual([[], []])
  })

  it('that is away is no problem of the node, whose STATUS decides whether ztunnel itself can start', async () => {
    node = new FakeNode({ settings: { ...node.defaults, ambientReadyNeedsZtunnel: true } })
    const ambient = await started()
    expect(ambient.unreadyReasons()).toEqual(['no ztunnel is connected'])
    expect(ambient.problems()).toEqual([])
  })

  it('whose server hangs is a reason, of readiness and of STATUS, until it moves', async () => {
    const ambient = await started()
    node.beat = Date.now()
    await vi.advanceTimersByTimeAsync(29_000)
    expect(ambient.unreadyReasons()).toEqual([])
    await vi.advanceTimersByTimeAsync(2_000)
    expect(ambient.unreadyReasons()).toEqual(["ztunnel's server has not moved for 31 s"])
    expect(ambient.problems()).toEqual(ambient.unreadyReasons())
    node.beat = undefined
    expect(ambient.problems()).toEqual([])
  })

  it('counts for readiness only if the setting says so', async () => {
    await started()
    node.disconnectZtunnel()
    expect(node.ambient.unreadyReasons()).toEqual([])
  })
})

describe('an agent that follows another', () => {
  it('finds, keeps and serves what runs, and flaps nothing', async () => {
    await started()
    const { pod, netns } = running('web', '10.0.0.2')
    await soon()
    await node.ambient.close({ uninstall: false })
    expect(node.descriptors.size).toBe(0)
    expectIn(pod.uid, netns.inode, '10.0.0.2')
    node.applied = []
    node.deletions.length = 0
    node.patches.length = 0
    node.agent()
    await started()
    expectIn(pod.uid, netns.inode, '10.0.0.2')
    expect([node.applied, node.deletions, node.patches, node.drift]).toEqual([[], [], [], []])
  })

  it('keeps a pod of a manifest that nobody completes: no address, no phase, no annotation', async () => {
    const ambient = await started()
    node.refusesPatches = true
    const metadata = { name: 'web', namespace: 'shop', uid: 'uid-web', labels: ambientLabel }
    const pod = node.put(podFromManifest({ metadata, spec: { containers: [{ name: 'app' }] } }))
    const netns = node.sandbox(pod.uid, '/netns/web', ['10.0.0.2'])
    await add(ambient, pod, callFor(pod, '/netns/web', { addresses: ['10.0.0.2'] }))
    await node.ambient.close({ uninstall: false })
    node.deletions.length = 0
    const snapshots = vi.fn()
    node.agent()
    node.snapshotTaken = snapshots
    await started()
    expect(snapshots.mock.calls).toEqual([[[pod.uid]]])
    expectIn(pod.uid, netns.inode, '10.0.0.2')
    expect([node.deletions, node.drift]).toEqual([[], []])
  })

  it('takes a pod out that lost its label meanwhile', async () => {
    const { pod, netns } = running('web', '10.0.0.2', { labels: {}, annotations: enabled })
    netns.rules = 'of the former agent'
    node.probes.set('10.0.0.2', pod.uid)
    await started()
    expect(netns.rules).toBeUndefined()
    expectOut(pod.uid, '10.0.0.2')
    expect(node.markOf(pod.uid)).toBeUndefined()
    expect(node.descriptors.size).toBe(0)
  })

  it('takes rules out of a pod that lost its label meanwhile and whose annotation the API server had refused', async () => {
    await started()
    node.refusesPatches = true
    const { pod, netns } = running('web', '10.0.0.2')
    await soon()
    await node.ambient.close({ uninstall: false })
    node.put({ ...pod, labels: {} })
    expect([netns.rules === undefined, node.markOf(pod.uid)]).toEqual([false, undefined])
    node.agent()
    await started()
    expect(netns.rules).toBeUndefined()
    expectOut(pod.uid, '10.0.0.2')
    expect(node.descriptors.size).toBe(0)
  })

  it.each<[string, Partial<Pod>, string]>([
    ['with a sidecar', { annotations: { 'sidecar.istio.io/status': '{}' } }, 'of the former agent'],
    ['of the host network', { hostNetwork: true }, 'of the former agent'],
    ['that has ended', { phase: 'Succeeded' }, 'of the former agent'],
    ['whose rules are not for ambient mode', {}, sidecarRules],
    ['whose rules are not for ambient mode, whoever says so', { annotations: enabled }, sidecarRules],
  ])('leaves a pod alone %s', async (_, fields, rules) => {
    const { pod, netns } = running('web', '10.0.0.2', { labels: {} })
    netns.rules = rules
    node.put({ ...pod, ...fields })
    await started()
    await aRound()
    expect(netns.rules).toBe(rules)
  })

  it('looks for rules in pods outside of the mesh once, with one search', async () => {
    const searches = vi.fn()
    node.delay = async (what) => (what === 'find' ? searches() : undefined)
    const pods = ['one', 'two', 'three'].map((name, index) =>
      running(name, `10.0.0.${index}`, { labels: {} }),
    )
    await started()
    expect(searches).toHaveBeenCalledTimes(1)
    for (const { netns } of pods) netns.rules = 'of somebody else'
    await aRound()
    expect(searches).toHaveBeenCalledTimes(1)
  })

  it('looks for them when it can be told that a pod is outside, and again when it could not look', async () => {
    const { netns } = running('web', '10.0.0.2', { labels: {} })
    netns.rules = 'of the former agent'
    node.isApiAway = true
    await started()
    await aRound()
    expect(netns.rules).toBeDefined()
    Object.assign(node, { isApiAway: false, failPresent: new Error('the namespace is busy') })
    await aRound()
    expect(netns.rules).toBeDefined()
    node.failPresent = undefined
    await aRound()
    expect(netns.rules).toBeUndefined()
  })

  it('stays with the back-end that is at work in a pod', async () => {
    const { netns } = running('web', '10.0.0.2', { annotations: enabled })
    Object.assign(netns, { rules: 'of the former agent', backend: 'iptables' })
    await started()
    expect(netns.backend).toBe('iptables')
  })

  it('writes nothing into a pod of which it cannot tell what rules are there, until it can', async () => {
    const { pod, netns } = running('web', '10.0.0.2', { annotations: enabled })
    Object.assign(netns, { rules: 'of the former agent', backend: 'iptables' })
    node.failPresent = new Error('the namespace is busy')
    await started()
    await aRound()
    expect(netns.rules).toBe('of the former agent')
    expect(node.events).toEqual(['web EnrolmentPending'])
    node.failPresent = undefined
    await aRound()
    expect(netns.rules).not.toBe('of the former agent')
    expect(netns.backend).toBe('iptables')
    expectIn(pod.uid, netns.inode, '10.0.0.2')
    expect(node.drift).toEqual([])
  })

  it('holds a pod that it cannot look into for its next rules, if it may not change them', async () => {
    node.agent({ settings: { ...node.defaults, ambientReconcilePodRulesOnStartup: false } })
    const { netns } = running('web', '10.0.0.2', { annotations: enabled })
    netns.rules = 'of the former agent'
    await started()
    node.failPresent = new Error('the namespace is busy')
    await aRound()
    expect(netns.rules).toBe('of the former agent')
  })

  it.each(['nft', 'iptables'] as const)(
    'of two back-ends keeps %s, whose rules are whole',
    async (backend) => {
      const { pod, netns } = running('web', '10.0.0.2', { annotations: enabled })
      const whole = rulesOf(decision(pod).redirection, backend)
      Object.assign(netns, { rules: whole, beside: 'of another agent' })
      await started()
      expect([netns.rules, netns.backend, netns.beside]).toEqual([whole, backend, undefined])
      expect(node.drift).toEqual([])
    },
  )

  it('brings the rules of another version up to date, which is no drift', async () => {
    const { pod, netns } = running('web', '10.0.0.2', { annotations: enabled })
    netns.rules = 'of the former agent'
    await started()
    expect(netns.rules).not.toBe('of the former agent')
    expectIn(pod.uid, netns.inode, '10.0.0.2')
    expect([node.drift, node.events]).toEqual([[], []])
  })

  it('changes no rules of running pods if it may not, but writes those that are missing', async () => {
    const settings = { ambientReconcilePodRulesOnStartup: false }
    node.agent({ settings: { ...node.defaults, ...settings } })
    const { netns } = running('web', '10.0.0.2', { annotations: enabled })
    netns.rules = 'of the former agent'
    const bare = running('bare', '10.0.0.3', { annotations: enabled })
    await started()
    await aRound()
    expect(netns.rules).toBe('of the former agent')
    expect(bare.netns.rules).toBeDefined()
    netns.rules = undefined
    await aRound()
    expect(netns.rules).toBeDefined()
  })

  it("takes away the node's own rules when it is uninstalled, and leaves the pods theirs", async () => {
    await started()
    const { netns } = running('web', '10.0.0.2')
    await soon()
    await node.ambient.close({ uninstall: true })
    expect(node.hasHostRules).toBe(false)
    expect(netns.rules).toBeDefined()
  })
})

describe('an uninstall', () => {
  it.each(['host.verifyRules', 'host.applyRules', 'probeSet', 'changeProbeSet'])(
    'leaves nothing, also when a verification is at %s',
    async (where) => {
      await started()
      running('web', '10.0.0.2')
      await soon()
      node.hasHostRules = false
      node.probes.clear()
      let release = () => {}
      node.delay = (what) =>
        what === where ? new Promise((resolve) => (release = resolve)) : Promise.resolve()
      await aRound()
      const closed = node.ambient.close({ uninstall: true })
      await soon()
      node.delay = async () => {}
      release()
      await closed
      await soon()
      expect([node.hasHostRules, [...node.probes]]).toEqual([false, []])
    },
  )
})

describe('a CHECK', () => {
  const lines = async (ambient: AmbientPods, pod: Pod, path: string) =>
    (await ambient.check(pod, decision(pod), callFor(pod, path))).map(({ line }) => line)

  it.each<[string, (uid: string, inode: bigint) => void, RegExp[]]>([
    ['nothing', () => {}, []],
    ['rules', (_, inode) => Object.assign(node.netns.get(inode) ?? {}, { rules: 'other' }), [/a rule/]],
    ["ztunnel's ack", () => node.disconnectZtunnel(), [/ztunnel's ack: no ztunnel is connected/]],
    ['a probed address', () => node.probes.delete('10.0.0.2'), [/10\.0\.0\.2 in the node's set/]],
    ["another's address", () => node.probes.set('10.0.0.2', 'uid-other'), [/10\.0\.0\.2 in/]],
    ['nothing, though nobody knows whose the address is', () => node.probes.set('10.0.0.2', ''), []],
  ])('names what is missing: %s', async (_, spoil, expected) => {
    const ambient = await started()
    const { pod, netns } = running('web', '10.0.0.2')
    await soon()
    spoil(pod.uid, netns.inode)
    expect(await lines(ambient, pod, '/netns/web')).toEqual(
      expected.map((line) => expect.stringMatching(line)),
    )
  })

  it('looks at no other pod’s namespace when the pod leaves meanwhile', async () => {
    const ambient = await started()
    const { pod } = running('web', '10.0.0.2')
    await soon()
    let left: Promise<void> | undefined
    const looks: number[] = []
    node.delay = async (what) => {
      if (what !== 'verifyRules') return
      left ??= ambient.remove(callFor(pod, '/netns/web'))
      await Promise.resolve()
      await new Promise((resolve) => setTimeout(resolve, 500))
      looks.push(node.descriptors.size)
    }
    const checked = lines(ambient, pod, '/netns/web')
    await soon()
    expect(await checked).toEqual([])
    expect(looks).toEqual([1])
    await left
    await soon()
    expect(node.descriptors.size).toBe(0)
  })

  it('misses everything of a pod that is not held', async () => {
    const ambient = await started()
    const pod = ambientPod('other', { ips: ['10.0.0.3'] })
    node.sandbox(pod.uid, '/netns/other', [])
    expect(await lines(ambient, pod, '/netns/other')).toEqual([
      'every rule',
      "ztunnel's ack: it has not acked the pod",
      "10.0.0.3 in the node's set of probed pods",
    ])
  })
})
