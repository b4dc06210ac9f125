import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Installation } from './installation.ts'
import { installationOf } from './installation.ts'
import { Owner } from './owner.ts'
import { holderOf } from './owner-socket.ts'
import { recordingLog } from './scratch-node.ts'

let directory: string
const owners: Owner[] = []

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'owner-test-'))
})
afterEach(async () => {
  for (const owner of owners.splice(0)) await owner.release()
  await rm(directory, { recursive: true, force: true })
})

const place = () => join(directory, '.istio-cni-owner')

function ownerOf(id: string, agent = `pod ${id}-abcde`) {
  const log = recordingLog()
  const owner = new Owner(directory, { id, agent, since: '2026-01-02T03:04:05.000Z' }, log)
  owners.push(owner)
  return { owner, messages: () => log.lines.map(({ message }) => message) }
}

/** A process that listens as the owner, and is killed: what is left is what a crash or a reboot leaves. */
async function leaveDeadRecord(): Promise<void> {
  const script = `require('net').createServer().listen(${JSON.stringify(place())}, () => console.log('listening'))`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
}

describe('Owner', () => {
  it('refuses the second installation with the name of the first, which goes on', async () => {
    const first = ownerOf('istio-system/istio-cni-node')
    const second = ownerOf('other/istio-cni-node')
    expect(await first.owner.claim()).toBeUndefined()
    expect(await second.owner.claim()).toMatch(
      /another installation, istio-system\/istio-cni-node \(pod istio-system\/istio-cni-node-abcde, since 2026-01-02T03:04:05.000Z\).*uninstall one of the two/,
    )
    expect(await first.owner.claim()).toBeUndefined()
    expect(await second.owner.other()).toBe('pod istio-system/istio-cni-node-abcde')
    await first.owner.release()
    expect(await second.owner.claim()).toBeUndefined()
    expect(await first.owner.claim()).toMatch(/other\/istio-cni-node/)
  })

  it('hands the node over to the next agent of the same installation, and does not take it back', async () => {
    const old = ownerOf('istio-system/istio-cni-node', 'pod old')
    const next = ownerOf('istio-system/istio-cni-node', 'pod next')
    await old.owner.claim()
    expect(await next.owner.claim()).toBeUndefined()
    expect(await old.owner.claim()).toBeUndefined()
    expect(await holderOf(place())).toMatchObject({ installation: { agent: 'pod next' } })
    expect(await old.owner.other()).toBe('pod next')
    await old.owner.release()
    expect(await holderOf(place())).toMatchObject({ state: 'alive' })
  })

  it('takes the node over from an agent that was killed, and says so', async () => {
    await leaveDeadRecord()
    expect(await holderOf(place())).toEqual({ state: 'dead' })
    const { owner, messages } = ownerOf('a/b')
    expect(await owner.claim()).toBeUndefined()
    expect(messages()).toEqual(['took the node over from an agent that is gone'])
    expect(await holderOf(place())).toMatchObject({ state: 'alive', installation: { id: 'a/b' } })
  })

  it('lets exactly one of several installations win that start at once, also over a dead record', async () => {
    await leaveDeadRecord()
    const all = Array.from({ length: 5 }, (_, at) => ownerOf(`namespace-${at}/istio-cni-node`).owner)
    await Promise.all(all.map((owner) => owner.claim()))
    const outcomes = await Promise.all(all.map((owner) => owner.claim()))
    expect(outcomes.filter((refusal) => refusal === undefined)).toHaveLength(1)
    expect(await readdir(directory)).toEqual(['.istio-cni-owner'])
  })

  it('comes back when somebody deletes its record, and leaves nothing behind', async () => {
    const { owner } = ownerOf('a/b')
    await owner.claim()
    await rm(place())
    expect(await owner.claim()).toBeUndefined()
    expect(await holderOf(place())).toMatchObject({ state: 'alive' })
    await owner.remove()
    expect(await readdir(directory)).toEqual([])
  })

  it('goes on, with a warning, where a socket is impossible', async () => {
    await rm(directory, { recursive: true })
    const { owner, messages } = ownerOf('a/b')
    expect(await owner.claim()).toBeUndefined()
    expect(await owner.claim()).toBeUndefined()
    expect(messages()).toEqual(['cannot tell other installations of us'])
  })
})

describe('installationOf', () => {
  const settings = { podName: '', podNamespace: 'istio-system', cniAgentRunDir: '/run/a' }
  const idOf = (podName: string): Installation['id'] =>
    installationOf({ ...settings, podName }, new Date(0)).id

  it('is the namespace and the DaemonSet, so that all pods of it are one; else the run directory', () => {
    expect(idOf('istio-cni-node-x7k2p')).toBe('istio-system/istio-cni-node')
    expect(idOf('')).toBe('/run/a')
  })
})
