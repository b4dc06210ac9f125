import { AGENT_CAPABILITIES, IMAGE_NODE } from '@istio-install-cni/config-schema'
import { afterEach, describe, expect, inject, it } from 'vitest'
import { Container, run } from './container.ts'

const image = inject('runtimeImage')
const least = { capabilities: Object.keys(AGENT_CAPABILITIES), readOnlyRootFilesystem: true }
const containers: Container[] = []

afterEach(async () => {
  for (const container of containers.splice(0)) await container.close()
})

async function start(...options: [Parameters<typeof Container.start>[1]?]): Promise<Container> {
  const container = await Container.start(image, ...options)
  containers.push(container)
  return container
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20))
}

describe('the entry point', () => {
  it('answers --version with what the image is made of', async () => {
    const { exit, stdout } = await run(image, { args: ['--version'] })
    expect(stdout).toMatch(/^install-cni \S+ \(Node v26\./)
    for (const part of ['QuickJS', 'nft', 'iptables'])
      expect(stdout).toMatch(new RegExp(`^${part} +\\d+(\\.\\d+)+$`, 'm'))
    expect(exit).toBe(0)
  })

  it('is found by its name, as the original chart calls it', async () => {
    const { exit, stdout } = await run(image, { entrypoint: ['install-cni'], args: ['--help'] })
    expect(stdout).toMatch(/^Usage: install-cni /)
    expect(exit).toBe(0)
  })

  it('passes exit codes through', async () => {
    expect(await run(image, { args: ['nonsense'] })).toMatchObject({
      exit: 2,
      output: expect.stringContaining('unknown command "nonsense"'),
    })
  })

  it('has tini reap what is left to it', async () => {
    const orphan = `require('node:child_process').spawn(process.execPath, ['-e', ''], { detached: true }).unref()`
    const script = `
      require('node:child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(orphan)}])
      const processes = () => require('node:fs').readdirSync('/proc').filter((name) => /^\\d+$/.test(name))
      const look = () => (processes().length === 2 ? console.log('alone') : setTimeout(look, 10))
      look()`
    const { stdout } = await run(image, { entrypoint: ['/usr/bin/tini', '--', IMAGE_NODE, '-e', script] })
    expect(stdout).toBe('alone\n')
  })

  it('hands SIGTERM on to the agent, which ends well', async () => {
    const container = await start({ confinement: least, env: { PODS_FROM: '/run' } })
    await until(
      () =>
        container.output.includes('"started the CNI node agent"') || /started the CNI/.test(container.output),
    )
    await container.signal('TERM')
    const exit = await container.ended()
    expect(container.output).toContain('was told to stop')
    expect(exit, container.output).toBe(0)
  })
})

describe('an agent that may not gain capabilities', () => {
  it('does not start, and names allowPrivilegeEscalation', async () => {
    const { exit, output } = await run(image, { confinement: { ...least, allowPrivilegeEscalation: false } })
    expect(output).toContain('allowPrivilegeEscalation: false')
    expect(exit).toBe(1)
  })

  it('starts as root, which need not gain any', async () => {
    const confinement = { ...least, user: 0, allowPrivilegeEscalation: false }
    const { stdout } = await run(image, { confinement, args: ['check'] })
    expect(stdout).toMatch(/^ok +capabilities +user 0 has /m)
  })

  it('names the capabilities that the container has not got', async () => {
    const { exit, output } = await run(image, {})
    expect(output).toMatch(
      /capabilities: { add: \[NET_ADMIN, NET_RAW, SYS_PTRACE, SYS_ADMIN, DAC_OVERRIDE\] }/,
    )
    expect(exit).toBe(1)
  })
})

describe('install-cni check in a container that mounts nothing of the node', () => {
  it('finds the kernel good, and tells which mounts to add', async () => {
    const { exit, stdout } = await run(image, { confinement: least, args: ['check'] })
    expect(stdout).toMatch(/^ok +capabilities +user 65532 has NET_ADMIN/m)
    expect(stdout).toMatch(/^ok +kernel +pods can be redirected by iptables/m)
    expect(stdout).toMatch(/^FAILED +mounts +not mounted from the node: \/host\/opt\/cni\/bin/m)
    expect(stdout).toMatch(/^FAILED +API server /m)
    expect(exit).toBe(1)
  })
})
