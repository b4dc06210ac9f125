import { existsSync } from 'node:fs'
import { chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { httpGet } from '../testbed/agent-process.ts'
import { addChain, ChainError, repeatChain } from '../testbed/chain.ts'
import { command } from '../testbed/commands.ts'
import { NodeBed, prevResult, rulesIn } from './node-bed.ts'

let bed: NodeBed

beforeEach(async () => {
  bed = await NodeBed.create()
})
afterEach(() => bed.close())

const conflist = () => readFile(join(bed.netDir, '10-test.conflist'), 'utf8')

describe('an agent that stops', () => {
  it('leaves the node configured, so that a restart or an upgrade goes unnoticed', async () => {
    const agent = bed.agent()
    await agent.ready()
    expect(await agent.stop()).toBe(0)
    expect(await conflist()).toContain('istio-cni')
    expect(existsSync(join(bed.binDir, 'istio-cni'))).toBe(true)
  })

  it('uninstalls when the marker says so, once', async () => {
    const agent = bed.agent()
    await agent.ready()
    await writeFile(join(bed.runDir, 'uninstall'), '')
    expect(await agent.stop()).toBe(0)
    expect(await conflist()).not.toContain('istio-cni')
    for (const left of ['bin/istio-cni', 'run/pluginevent.sock', 'run/log.sock', 'run/uninstall']) {
      expect(existsSync(join(bed.directory, left)), left).toBe(false)
    }
  })

  it('uninstalls when the setting says so', async () => {
    const agent = bed.agent({ UNINSTALL_ON_STOP: 'true' })
    await agent.ready()
    await agent.stop()
    expect(await conflist()).not.toContain('istio-cni')
    expect(existsSync(join(bed.binDir, 'istio-cni'))).toBe(false)
  })
})

describe('a pod that starts while the agent is away', () => {
  it('waits for the agent that comes back, and is redirected', async () => {
    const sandbox = await bed.createPod('patient')
    const first = bed.agent()
    await first.ready()
    const chain = await bed.ourChain()
    await first.stop('SIGKILL')
    const added = addChain(chain, [bed.binDir], sandbox, prevResult)
    const second = bed.agent()
    await added
    expect(await rulesIn(sandbox)).toContain('ISTIO_OUTPUT')
    await second.ready()
  })

  it('is asked to try again when no agent comes, passes if its namespace is excluded, and can always be deleted', async () => {
    const sandbox = await bed.createPod('waiting')
    const agent = bed.agent({ EXCLUDE_NAMESPACES: 'tools' })
    await agent.ready()
    const chain = await bed.ourChain()
    await agent.stop('SIGKILL')
    const excluded = { ...sandbox, pod: { ...sandbox.pod, namespace: 'tools' } }
    const own = { ...sandbox, pod: { namespace: 'istio-system', name: 'istio-cni-node-x', uid: '' } }
    await addChain(chain, [bed.binDir], excluded, prevResult)
    await addChain(chain, [bed.binDir], own, prevResult)
    await repeatChain('DEL', chain, [bed.binDir], sandbox, prevResult)
    const refusal = await addChain(chain, [bed.binDir], sandbox, prevResult).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(ChainError)
    expect(refusal).toMatchObject({ error: { code: 11 } })
  })
})

describe("the agent's sockets", () => {
  it('are for root alone, and drop anybody else even where the mode was loosened', async () => {
    const agent = bed.agent()
    await agent.ready()
    for (const name of ['pluginevent.sock', 'log.sock']) {
      const path = join(bed.runDir, name)
      expect((await stat(path)).mode & 0o777, name).toBe(0o600)
      await chmod(path, 0o666)
    }
    await chmod(bed.directory, 0o755)
    const socket = join(bed.runDir, 'pluginevent.sock')
    const curl = `require('http').request({socketPath:${JSON.stringify(socket)},path:'/cmdstatus',method:'POST'},r=>console.log(r.statusCode)).on('error',e=>console.log(e.code)).end('{}')`
    const asNobody = `process.setgroups([]);process.setgid(65534);process.setuid(65534);${curl}`
    expect((await command(process.execPath, '-e', curl)).trim()).toBe('200')
    expect((await command(process.execPath, '-e', asNobody)).trim()).toMatch(/^(ECONNRESET|EPIPE)$/)
  })
})

describe('an agent that cannot work', () => {
  it('says which setting is wrong and ends with 2', async () => {
    const agent = bed.agent({ CHAINED_CNI_PLUGIN: 'maybe', MONITORING_PORT: 'http' })
    await expect(agent.ready()).rejects.toThrow(/ended with 2/)
    expect(agent.log()).toMatch(/CHAINED_CNI_PLUGIN="maybe"/)
    expect(agent.log()).toMatch(/MONITORING_PORT="http"/)
  })

  it('names the port that another program has, and its setting', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(bed.ports.health, resolve))
    const agent = bed.agent()
    await new Promise((resolve) => agent.child.on('exit', resolve))
    other.close()
    expect(agent.child.exitCode).toBe(1)
    expect(agent.log()).toMatch(
      new RegExp(`HEALTH_PORT: cannot listen on port ${bed.ports.health}: .*EADDRINUSE`),
    )
  })

  it('tells the readiness probe why', async () => {
    await writeFile(join(bed.netDir, '10-test.conflist'), '{ no JSON')
    const agent = bed.agent()
    await expect
      .poll(() => agent.readiness(), { timeout: 10_000 })
      .toMatchObject({ status: 503, body: expect.stringMatching(/10-test\.conflist/) })
    expect((await httpGet(bed.ports.health, '/healthz'))?.status).toBe(200)
    await writeFile(
      join(bed.netDir, '10-test.conflist'),
      '{"cniVersion":"1.0.0","name":"test","plugins":[{"type":"first"}]}',
    )
    await agent.ready()
  })

  it('answers STATUS with the reason', async () => {
    const agent = bed.agent()
    await agent.ready()
    const chain = { ...(await bed.ourChain()), cniVersion: '1.1.0' }
    const sandbox = await bed.createPod('status')
    await repeatChain('STATUS', chain, [bed.binDir], sandbox)
    await writeFile(join(bed.netDir, '10-test.conflist'), '{ no JSON')
    await expect.poll(() => agent.readiness(), { timeout: 10_000 }).toMatchObject({ status: 503 })
    await expect(repeatChain('STATUS', chain, [bed.binDir], sandbox)).rejects.toThrow(
      /50 .*\n?.*10-test\.conflist/,
    )
  })
})
