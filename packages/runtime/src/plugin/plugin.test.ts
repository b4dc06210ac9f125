import { describe, expect, it } from 'vitest'
import { configuration, environment, input, portsOf, type World, world } from './fake-world.ts'
import { runPlugin } from './plugin.ts'

function answer(changes: Partial<World> = {}) {
  const ports = portsOf(world(changes))
  const { stdout, stderr, exitCode } = runPlugin(ports)
  return {
    exitCode,
    stderr,
    result: stdout === undefined ? undefined : JSON.parse(stdout),
    requests: ports.requests,
  }
}

describe('runPlugin', () => {
  it('answers VERSION without looking at standard input', () => {
    const { result, exitCode } = answer({
      env: { CNI_COMMAND: 'VERSION' },
      input: { failure: 'unreadable', detail: 'nobody writes' },
    })
    expect(exitCode).toBe(0)
    expect(result).toEqual({
      cniVersion: '1.1.0',
      supportedVersions: ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'],
    })
  })

  it('introduces itself on stderr when no command is given', () => {
    for (const env of [{}, environment({ CNI_COMMAND: '' })]) {
      const { result, stderr, exitCode } = answer({ env })
      expect({ result, exitCode }).toEqual({ result: undefined, exitCode: 0 })
      expect(stderr).toContain('CNI plugin istio-cni')
    }
  })

  it('refuses a command that is none', () => {
    const { result, exitCode } = answer({ env: environment({ CNI_COMMAND: 'add' }) })
    expect(exitCode).toBe(1)
    expect(result).toMatchObject({ code: 4, msg: expect.stringContaining('CNI_COMMAND="add"') })
  })

  it.each([
    ['ADD', ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH']],
    ['CHECK', ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME']],
    ['DEL', ['CNI_CONTAINERID', 'CNI_IFNAME']],
    ['GC', ['CNI_PATH']],
  ])('names the variables that %s misses', (command, missing) => {
    const { result, exitCode } = answer({ env: { CNI_COMMAND: command } })
    expect(exitCode).toBe(1)
    expect(result).toMatchObject({ code: 4, msg: expect.stringContaining(missing.join(', ')) })
  })

  it.each([
    ['CNI_CONTAINERID', 'a/b'],
    ['CNI_CONTAINERID', '-a'],
    ['CNI_IFNAME', 'eth/0'],
    ['CNI_IFNAME', '..'],
    ['CNI_IFNAME', 'eth0\r\nX: y'],
    ['CNI_IFNAME', 'a'.repeat(16)],
  ])('refuses %s=%j', (name, value) => {
    expect(answer({ env: environment({ [name]: value }) }).result).toMatchObject({
      code: 4,
      msg: expect.stringContaining(name),
    })
  })

  it.each([
    [{ text: '' }, 6],
    [{ text: 'hello' }, 6],
    [{ text: '[]' }, 6],
    [{ text: '{"cniVersion": "1.0' }, 6],
    [{ text: '['.repeat(100_000) }, 6],
    [{ failure: 'not-utf8', detail: 'at 3' } as const, 6],
    [{ failure: 'too-large', detail: 'more than 1 MiB' } as const, 6],
    [{ failure: 'unreadable', detail: 'EIO' } as const, 5],
  ])('answers input %j with code %i', (given, code) => {
    const { result, exitCode } = answer({ input: given })
    expect(exitCode).toBe(1)
    expect(result).toMatchObject({ cniVersion: '1.1.0', code })
  })

  it.each([
    [{ name: undefined }, 'name'],
    [{ name: 'a b' }, 'name'],
    [{ exclude_namespaces: 'kube-system' }, 'exclude_namespaces'],
    [{ ambient_enabled: 'true' }, 'ambient_enabled'],
    [{ cni_agent_run_dir: 'relative' }, 'cni_agent_run_dir'],
    [
      { enablement_selectors: [{ podSelector: { matchExpressions: [{ key: 'a', operator: 'Is' }] } }] },
      'operator',
    ],
    [{ prevResult: 'x' }, 'prevResult'],
    [{ prevResult: { ips: [{ address: '10.0.0.999/8' }] } }, 'prevResult.ips[0].address'],
    [{ prevResult: { ips: [{ address: '10.0.0.9/8', gateway: 'x' }] } }, 'prevResult.ips[0].gateway'],
    [{ prevResult: { ips: 'x' } }, 'prevResult.ips'],
    [{ prevResult: { cniVersion: '7.0.0' } }, 'prevResult.cniVersion'],
  ])('refuses the configuration %j with code 7, naming the key', (changes, key) => {
    const { result, requests } = answer({ input: input(configuration(changes)) })
    expect(result).toMatchObject({ cniVersion: '1.0.0', code: 7, msg: expect.stringContaining(key) })
    expect(requests).toEqual([])
  })

  it.each(['9.9.9', 'nonsense', '1.2.0', 7])('refuses cniVersion %j with code 1', (cniVersion) => {
    const { result, exitCode } = answer({ input: input(configuration({ cniVersion })) })
    expect(exitCode).toBe(1)
    expect(result).toMatchObject({ code: 1, details: expect.stringContaining('1.1.0') })
  })

  it.each([
    ['CHECK', '0.3.1'],
    ['STATUS', '1.0.0'],
    ['GC', '1.0.0'],
  ])('knows that %s is not in version %s', (command, cniVersion) => {
    const env = environment({ CNI_COMMAND: command })
    expect(answer({ env, input: input(configuration({ cniVersion })) }).result).toMatchObject({
      cniVersion,
      code: 1,
    })
  })

  it('succeeds with GC and asks nobody', () => {
    const env = environment({ CNI_COMMAND: 'GC' })
    const given = configuration({ cniVersion: '1.1.0', 'cni.dev/valid-attachments': [{ containerID: 'c0' }] })
    expect(answer({ env, input: input(given) })).toMatchObject({
      exitCode: 0,
      result: undefined,
      requests: [],
    })
  })

  it('still answers the runtime when the plugin itself fails', () => {
    const { result, exitCode } = answer({ replies: [] })
    expect(exitCode).toBe(1)
    expect(result).toMatchObject({ code: 999, details: 'Error: a request that nobody expected' })
  })
})
