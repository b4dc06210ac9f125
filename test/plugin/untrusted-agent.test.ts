import { chmod, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Calls } from './calls.ts'
import { listenBehind } from './listener.ts'

const calls = new Calls()

beforeAll(() => calls.begin())
afterAll(() => calls.end())

describe('an agent that is not to be trusted', () => {
  it('is not asked when anybody could have put its socket there', async () => {
    const agent = await calls.agentThat(() => ({}))
    await chmod(agent.runDir, 0o777)
    expect(await calls.call(agent)).toMatchObject({ exit: 1, result: { code: 110 } })
    expect(agent.requests).toEqual([])
  })

  it('is not asked through a link or a plain file', async () => {
    const agent = await calls.agentAway()
    const socket = join(agent.runDir, 'pluginevent.sock')
    const other = await calls.agentThat(() => ({}))
    await symlink(join(other.runDir, 'pluginevent.sock'), socket)
    expect(await calls.call(agent)).toMatchObject({ exit: 1, result: { code: 110 } })
    await rm(socket)
    await writeFile(socket, '')
    expect(await calls.call(agent)).toMatchObject({ exit: 1, result: { code: 110 } })
    expect(other.requests).toEqual([])
  })

  it('is not believed when another user listens', async () => {
    const agent = await calls.agentAway()
    await listenBehind(agent, { userId: 65534 })
    expect(await calls.call(agent)).toMatchObject({
      exit: 1,
      result: { code: 110, details: expect.stringContaining('user 65534') },
    })
  })
})
