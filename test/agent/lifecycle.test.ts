import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { httpGet } from '../testbed/agent-process.ts'
import { addChain, ChainError, repeatChain, type Sandbox } from '../testbed/chain.ts'
import { command } from '../testbed/commands.ts'
import { freePort, NodeBed, prevResult, rulesIn } from './node-bed.ts'

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

describe('an agent that is told to stop', () => {
  it('answers the ADDs that it has taken', async () => {
    const sandboxes: Sandbox[] = []
    for (const name of ['a', 'b', 'c', 'd']) sandboxes.push(await bed.createPod(name))
    const agent = bed.agent({ LOG_LEVEL: 'debug' })
    await agent.ready()
    const chain = await bed.ourChain()
    const added = sandboxes.map((sandbox) => addChain(chain, [bed.binDir], sandbox, prevResult))
    await Promise.race(added)
    const stopped = agent.stop()
    const answers = await Promise.allSettled(added)
    expect(await stopped).toBe(0)
    for (const [index, { status }] of answers.entries()) {
      const rules = await rulesIn(sandboxes[index] as Sandbox)
      expect(rules.includes('ISTIO_OUTPUT'), status).toBe(status === 'fulfilled')
    }
  })

  it('does not wait for clients that say nothing or half of it', async () => {
    const agent = bed.agent()
    await agent.ready()
    const half = 'POST /cmdadd HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{'
    const clients = ['pluginevent.sock', 'log.sock'].flatMap((name) =>
      ['', half].map((text) => {
        const socket = connect(join(bed.runDir, name))
        socket.on('error', () => {}).resume()
        return new Promise<typeof socket>((resolve) => socket.write(text, () => resolve(socket)))
      }),
    )
    const sockets = await Promise.all(clients)
    expect(await agent.stop()).toBe(0)
    for (const socket of sockets) socket.destroy()
  })

  it('leaves the sockets to the agent that has taken its place', async () => {
    const first = bed.agent()
    await first.ready()
    const sandbox = await bed.createPod('served')
    const chain = await bed.ourChain()
    const second = bed.agent({
      HEALTH_PORT: String(await freePort()),
      MONITORING_PORT: String(await freePort()),
    })
    await second.ready()
    expect(await first.stop()).toBe(0)
    await addChain(chain, [bed.binDir], sandbox, prevResult)
    expect(second.log()).toContain('redirected a pod')
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

  it('is redirected once and whole when the agent is killed in the middle of its ADD', async () => {
    let agent = bed.agent()
    await agent.ready()
    const chain = await bed.ourChain()
    for (const milliseconds of [0, 3, 6, 12]) {
      const sandbox = await bed.createPod(`killed-${milliseconds}`)
      const added = addChain(chain, [bed.binDir], sandbox, prevResult)
      await new Promise((resolve) => setTimeout(resolve, milliseconds))
      await agent.stop('SIGKILL')
      agent = bed.agent()
      await added
      await repeatChain('CHECK', chain, [bed.binDir], sandbox, prevResult)
      expect((await rulesIn(sandbox)).match(/-A OUTPUT -j ISTIO_OUTPUT/g)).toHaveLength(1)
      await agent.ready()
    }
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

  it.each([
    [
      'monitoring port',
      () => ({ HEALTH_PORT: String(bed.ports.monitoring) }),
      /MONITORING_PORT: cannot listen/,
    ],
    [
      'pods directory',
      () => ({ PODS_FROM: '/nowhere' }),
      /PODS_FROM: the directory \/nowhere cannot be watched/,
    ],
  ])('ends, with what it has started already, when it has no %s', async (_what, settings, message) => {
    const agent = bed.agent(settings())
    await new Promise((resolve) => agent.child.on('exit', resolve))
    expect(agent.child.exitCode).toBe(1)
    expect(agent.log()).toMatch(message)
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

describe('two installations on one node', () => {
  const second = async (settings: Readonly<Record<string, string>> = {}) => {
    const ports = await NodeBed.create()
    const agent = bed.agent({
      POD_NAME: 'istio-cni-node-bbbbb',
      POD_NAMESPACE: 'other',
      CNI_AGENT_RUN_DIR: ports.runDir,
      HEALTH_PORT: String(ports.ports.health),
      MONITORING_PORT: String(ports.ports.monitoring),
      UNINSTALL_ON_STOP: 'true',
      ...settings,
    })
    return { agent, close: () => ports.close() }
  }
  const first = () => bed.agent({ POD_NAME: 'istio-cni-node-aaaaa', POD_NAMESPACE: 'istio-system' })

  it('are one too many: the second names the first, stays unready, and changes nothing, not even when it stops', async () => {
    const agent = first()
    await agent.ready()
    const before = await conflist()
    const other = await second()
    await expect
      .poll(async () => (await other.agent.readiness())?.body, { timeout: 10_000 })
      .toMatch(/istio-system\/istio-cni-node \(pod istio-system\/istio-cni-node-aaaaa, since /)
    expect(await other.agent.stop()).toBe(0)
    expect(await conflist()).toBe(before)
    expect((await agent.readiness())?.status).toBe(200)
    await other.close()
  })

  it('leave the sockets to the first, also where both have the same run directory', async () => {
    const agent = first()
    await agent.ready()
    const sockets = async () => {
      const paths = ['pluginevent.sock', 'log.sock'].map((name) => join(bed.runDir, name))
      return Promise.all(paths.map(async (path) => (await stat(path)).ino))
    }
    const before = await sockets()
    const other = await second({ CNI_AGENT_RUN_DIR: bed.runDir })
    await expect
      .poll(async () => (await other.agent.readiness())?.body, { timeout: 10_000 })
      .toMatch(/another installation/)
    expect(await sockets()).toEqual(before)
    expect(await other.agent.stop()).toBe(0)
    expect(await sockets()).toEqual(before)
    expect(other.agent.log()).toMatch(/refused to install/)
    await other.close()
  })

  it('follow one another when the first is killed', async () => {
    const agent = first()
    await agent.ready()
    const other = await second()
    await expect.poll(async () => (await other.agent.readiness())?.status, { timeout: 10_000 }).toBe(503)
    await agent.stop('SIGKILL')
    await other.agent.ready()
    expect(JSON.parse(await conflist())).toMatchObject({ plugins: [{}, { pod_namespace: 'other' }] })
    await other.agent.stop()
    await other.close()
  })
})

describe('a node that was rebooted', () => {
  it('starts exempt pods at once, lets mesh pods wait for the agent, and redirects them then', async () => {
    const sandbox = await bed.createPod('meshed')
    const before = bed.agent({ EXCLUDE_NAMESPACES: 'tools' })
    await before.ready()
    const chain = await bed.ourChain()
    await before.stop('SIGKILL')
    await rm(bed.runDir, { recursive: true })
    const excluded = { ...sandbox, pod: { ...sandbox.pod, namespace: 'tools' } }
    const own = { ...sandbox, pod: { namespace: 'istio-system', name: 'istio-cni-node-x', uid: '' } }
    await addChain(chain, [bed.binDir], excluded, prevResult)
    await addChain(chain, [bed.binDir], own, prevResult)
    await expect(addChain(chain, [bed.binDir], sandbox, prevResult)).rejects.toThrow(/ 11 /)
    const waiting = addChain(chain, [bed.binDir], sandbox, prevResult)
    const after = bed.agent({ EXCLUDE_NAMESPACES: 'tools' })
    await waiting
    expect(await rulesIn(sandbox)).toContain('ISTIO_OUTPUT')
    await after.ready()
    expect(await bed.ourChain()).toEqual(chain)
  })
})

describe("what the original's agent has left", () => {
  it('is taken over in place: its entry, its plugin, its kubeconfig, its temporary files', async () => {
    const bridge = { type: 'first', mtu: 1400 }
    const theirs = {
      type: 'istio-cni',
      name: 'istio-cni',
      log_level: 'debug',
      cni_agent_run_dir: '/elsewhere',
    }
    const list = { cniVersion: '1.0.0', name: 'test', plugins: [bridge, theirs] }
    await writeFile(join(bed.netDir, '10-test.conflist'), JSON.stringify(list))
    await writeFile(join(bed.binDir, 'istio-cni'), 'their program', { mode: 0o755 })
    await writeFile(join(bed.binDir, 'istio-cni.tmp.12345'), '')
    await mkdir(bed.runDir)
    await writeFile(join(bed.runDir, 'istio-cni-kubeconfig'), 'current-context: istio-cni-context\n')
    const agent = bed.agent({ UNINSTALL_ON_STOP: 'true' })
    await agent.ready()
    const plugins = (JSON.parse(await conflist()) as { plugins: object[] }).plugins
    expect(plugins).toHaveLength(2)
    expect(plugins[1]).toMatchObject({ type: 'istio-cni', cni_agent_run_dir: bed.runDir })
    expect(plugins[1]).not.toHaveProperty('log_level')
    expect((await stat(join(bed.binDir, 'istio-cni'))).size).toBeGreaterThan(100_000)
    expect(existsSync(join(bed.binDir, 'istio-cni.tmp.12345'))).toBe(false)
    await agent.stop()
    expect(JSON.parse(await conflist())).toEqual({ ...list, plugins: [bridge] })
    expect(existsSync(join(bed.runDir, 'istio-cni-kubeconfig'))).toBe(false)
  })
})
