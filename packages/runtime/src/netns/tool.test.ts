import { closeSync, openSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { runTool, type ToolRun } from './tool.ts'

const usual = { environment: ['PATH=/usr/bin:/bin'], input: '', milliseconds: 5000, mostOutput: 64 * 1024 }

const shell = (script: string, run: Partial<ToolRun> = {}) =>
  runTool({ ...usual, command: ['/bin/sh', 'sh', '-c', script], ...run })

describe('a tool that is run', () => {
  it('gets its input and its environment, and gives back what it printed and how it ended', () => {
    const { end, stdout, stderr } = shell('cat; echo "$WHO" >&2; exit 3', {
      input: 'ünd\n'.repeat(1000),
      environment: ['WHO=me'],
    })
    expect(stdout).toBe('ünd\n'.repeat(1000))
    expect(stderr).toBe('me\n')
    expect(end).toEqual({ exitCode: 3, signal: undefined })
  })

  it('ends by the signal that ended it', () => {
    expect(shell('kill -TERM $$').end).toEqual({ exitCode: undefined, signal: 15 })
  })

  it('is killed when its time is over', () => {
    const { end, stdout } = shell('echo $$; exec sleep 100', { milliseconds: 100 })
    expect(end).toBe('out of time')
    expect(() => process.kill(Number(stdout), 0)).toThrow(expect.objectContaining({ code: 'ESRCH' }))
  })

  it('may print so much and no more', () => {
    expect(shell('printf 1234', { mostOutput: 4 }).stdout).toBe('1234')
    const { end, stdout, stderr } = shell('printf 12345', { mostOutput: 4 })
    expect([end, stdout, stderr]).toEqual(['too much output', '', ''])
    expect(shell('printf 12345 >&2', { mostOutput: 4 }).end).toBe('too much output')
  })

  it('cannot fill the memory', () => {
    // 4 GB: more than the test waits for.
    expect(shell('exec head -c 4000000000 /dev/zero').end).toBe('too much output')
  })

  it('has the descriptor that it was given, and none that this process has opened', () => {
    const [given, other] = [openSync('/etc/hostname', 'r'), openSync('/etc/passwd', 'r')]
    try {
      const command = ['/bin/ls', 'ls', '-l', '/proc/self/fd'] as const
      const { stdout } = runTool({ ...usual, command, descriptor: given })
      expect(stdout).toMatch(/ 3 -> \/etc\/hostname$/m)
      expect(stdout).not.toContain('/etc/passwd')
    } finally {
      closeSync(given)
      closeSync(other)
    }
  })

  it('starts with all signals as usual', () => {
    const { stdout } = runTool({ ...usual, command: ['/bin/grep', 'grep', 'Sig', '/proc/self/status'] })
    expect(stdout).toMatch(/SigBlk:\t0{16}\n/)
    // 13, SIGPIPE, which Node ignores.
    expect(BigInt(`0x${/SigIgn:\t(\w+)/.exec(stdout)?.[1]}`) & (1n << 12n)).toBe(0n)
  })

  it('leaves no descriptor open', () => {
    const open = () => readdirSync('/proc/self/fd').length
    shell('true')
    const before = open()
    shell('true')
    expect(() => runTool({ ...usual, command: ['/no/such', 'such'] })).toThrow(
      expect.objectContaining({ name: 'SystemCallError', call: 'posix_spawn', errno: 'ENOENT' }),
    )
    expect(open()).toBe(before)
  })
})
