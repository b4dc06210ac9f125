// Executes the launcher where the image has it: with a script in the place of Node, which shows what it got.
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  AGENT_CAPABILITIES,
  IMAGE_AGENT_DIR,
  IMAGE_LAUNCHER,
  IMAGE_NODE,
  IMAGE_UID,
} from '@istio-install-cni/config-schema'
import { nodeFlags } from '@istio-install-cni/runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildNative } from '../../scripts/build-native.ts'
import { fileCapabilities } from '../../scripts/file-capabilities.ts'
import { cacheDirectory } from '../../scripts/tools.ts'

const shows = `#!/bin/sh
printf '<%s>\\n' "$@"
sed -nE '/^(Cap|NoNewPrivs)/p' /proc/self/status
exit 7
`
/** In a mount namespace of its own: $1 is a directory with the files, the rest a command. */
const arrange = `set -e
mount -t tmpfs tmpfs /usr/local
mkdir -p /usr/local/bin
cp "$1/node" ${IMAGE_NODE}
cp "$1/launcher" ${IMAGE_LAUNCHER}
setcap '${fileCapabilities()}' ${IMAGE_LAUNCHER}
shift
exec "$@"`

let files: string

beforeAll(async () => {
  files = mkdtempSync(join(cacheDirectory, 'launcher-'))
  chmodSync(files, 0o755)
  writeFileSync(join(files, 'node'), shows, { mode: 0o755 })
  copyFileSync((await buildNative()).launcher, join(files, 'launcher'))
})

afterAll(() => rmSync(files, { recursive: true, force: true }))

interface Started {
  readonly arguments: readonly string[]
  readonly status: Readonly<Record<string, string>>
  readonly exit: number | null
  readonly stderr: string
}

/** @param confined of setpriv, which starts the launcher */
function start(confined: readonly string[], ...args: readonly string[]): Started {
  const command = ['setpriv', ...confined, IMAGE_LAUNCHER, ...args]
  const done = spawnSync('unshare', ['--mount', 'sh', '-c', arrange, 'sh', files, ...command], {
    encoding: 'utf8',
  })
  const found = (pattern: RegExp) => [...done.stdout.matchAll(pattern)]
  return {
    arguments: found(/^<(.*)>$/gm).map(([, argument = '']) => argument),
    status: Object.fromEntries(found(/^(\w+):\t(\w+)$/gm).map(([, name, value]) => [name, value])),
    exit: done.status,
    stderr: done.stderr,
  }
}

const user = ['--reuid', `${IMAGE_UID}`, '--regid', `${IMAGE_UID}`, '--clear-groups']
const only = (...names: readonly string[]) => `--bounding-set=${['-all', ...names].join(',')}`
const set = (...names: readonly (keyof typeof AGENT_CAPABILITIES)[]) =>
  names
    .reduce((bits, name) => bits | (1n << BigInt(AGENT_CAPABILITIES[name].number)), 0n)
    .toString(16)
    .padStart(16, '0')
const all = set('NET_ADMIN', 'NET_RAW', 'SYS_PTRACE', 'SYS_ADMIN', 'DAC_OVERRIDE')
const nothing = set()

describe('the launcher', () => {
  it("hands the agent's capabilities on to what Node executes, and no others", () => {
    expect(start(user).status).toEqual({
      CapInh: all,
      CapPrm: all,
      CapEff: all,
      CapBnd: all,
      CapAmb: all,
      NoNewPrivs: '1',
    })
  })

  it("does with what the container's bounding set has of them", () => {
    const granted = set('NET_ADMIN', 'SYS_ADMIN')
    const { status, exit } = start([...user, only('+net_admin', '+sys_admin', '+chown')])
    expect(status).toMatchObject({ CapEff: granted, CapAmb: granted })
    expect(exit).toBe(7)
  })

  it('starts Node, too, where nothing may be gained', () => {
    const { status, exit } = start([...user, 'setpriv', '--no-new-privs'])
    expect(status).toMatchObject({ CapEff: nothing, CapAmb: nothing, NoNewPrivs: '1' })
    expect(exit).toBe(7)
  })

  it('leaves it to the agent to tell that the file has lost its capabilities', () => {
    const lose = `setcap -r ${IMAGE_LAUNCHER} && exec setpriv ${user.join(' ')} "$0"`
    expect(start(['sh', '-c', lose]).status).toMatchObject({ CapEff: nothing, NoNewPrivs: '0' })
  })

  it('leaves root what it has', () => {
    const granted = set('NET_ADMIN', 'NET_RAW')
    const { status } = start([only('+net_admin', '+net_raw')])
    expect(status).toMatchObject({ CapEff: granted, CapAmb: nothing, NoNewPrivs: '0' })
  })

  it("gives Node its flags, the agent's bundle and every argument, and ends as Node does", () => {
    const started = start(user, '--version', '', 'two words')
    const agent = `${IMAGE_AGENT_DIR}/install-cni.mjs`
    expect(started.arguments).toEqual([...nodeFlags, agent, '--version', '', 'two words'])
    expect(started).toMatchObject({ exit: 7, stderr: '' })
  })

  it('says what it cannot execute', () => {
    const started = start(['--', 'sh', '-c', `rm ${IMAGE_NODE} && exec "$0" "$@"`])
    expect(started.stderr).toContain(`install-cni: cannot execute ${IMAGE_NODE}: No such file`)
    expect(started.exit).toBe(126)
  })
})
