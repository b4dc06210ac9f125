import { execFile } from 'node:child_process'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { buildStandIn } from '../ztunnel/build.ts'
import { waysIn } from '../ztunnel/events.ts'
import { Ztunnel } from '../ztunnel/stand-in.ts'
import { AmbientBed, addressOf } from './ambient-bed.ts'

let bed: AmbientBed
beforeAll(async () => {
  bed = await AmbientBed.create()
})
afterAll(() => bed[Symbol.asyncDispose]())

describe.runIf(Ztunnel.tells)('ztunnel and the agent', () => {
  const two = addressOf('two')
  const talk = (): Promise<string> => bed.apps.one.connect({ host: two.ipv4, port: 8080 })

  beforeEach(async () => {
    await bed.ztunnel.tell('ack')
    await bed.leave('one')
    await bed.leave('two')
    await bed.ztunnel.taken()
  })

  it('serve the pods again when ztunnel starts anew', async () => {
    await bed.join('one', 'nft')
    await bed.join('two', 'nft')
    await bed.replaceZtunnel()
    await bed.ztunnel.until(({ event }) => event === 'snapshot-sent')
    expect(await talk()).toMatch(/^two:8080/)
    expect(waysIn(await bed.ztunnel.taken())).toHaveLength(2)
  })

  it('hold up a pod that starts while ztunnel is away, no longer than that', async () => {
    await bed.ztunnel[Symbol.asyncDispose]()
    await vi.waitFor(() => expect(bed.server.state().connections).toBe(0))
    const joined = bed.join('one', 'nft')
    await bed.replaceZtunnel()
    await joined
    expect(await bed.ztunnel.taken()).toContainEqual(
      expect.objectContaining({ event: 'add', uid: 'one', error: '' }),
    )
  })

  it('forget a pod that left while they were not connected', async () => {
    await bed.join('one', 'nft')
    await bed.join('two', 'nft')
    await bed.ztunnel.tell('disconnect')
    await bed.leave('two')
    await bed.ztunnel.until(({ event }) => event === 'snapshot-sent')
    expect(await talk()).toMatch(/^two:8080/)
    expect(waysIn(await bed.ztunnel.taken())).toEqual([
      `15001 direct in one: ${addressOf('one').ipv4} → ${two.ipv4}:8080`,
    ])
  })

  it('fail a pod that ztunnel refuses, with its words', async () => {
    await bed.ztunnel.tell('refuse')
    await expect(bed.join('one', 'nft')).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('refused by the test'),
    })
  })

  it('part when ztunnel hangs, and start afresh', async () => {
    await bed.ztunnel.tell('hang')
    await expect(bed.join('one', 'nft')).rejects.toMatchObject({ code: 'no-ack' })
    await bed.ztunnel.tell('ack')
    await bed.ztunnel.until(({ event }) => event === 'disconnected')
    await bed.join('two', 'nft')
  })

  it('are both root: nobody else is told of pods', async () => {
    const program = await buildStandIn()
    const path = join(bed.directory, 'ztunnel.sock')
    await chmod(bed.directory, 0o755)
    await chmod(path, 0o666)
    const before = bed.server.state().connections
    const others = promisify(execFile)('timeout', ['2', program, '--socket', path], {
      uid: 65534,
      gid: 65534,
    })
    const { stdout } = await others.catch((error: { stdout: string }) => error)
    await chmod(path, 0o600)
    expect(stdout).toContain('"connected"')
    expect(stdout).toContain('"disconnected"')
    expect(stdout).not.toContain('snapshot')
    expect(bed.server.state().connections).toBe(before)
  })
})
