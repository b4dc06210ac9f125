import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { kubeletUser } from './index.ts'

const root = mkdtempSync(join(tmpdir(), 'host-kubelet-'))
afterEach(() => rmSync(root, { recursive: true, force: true }))

function process(
  pid: number,
  comm: string,
  uid: number,
  cgroup = '/system.slice/x.service',
  namespace = 'node',
) {
  const directory = join(root, String(pid))
  mkdirSync(join(directory, 'ns'), { recursive: true })
  writeFileSync(join(root, namespace), '')
  symlinkSync(join(root, namespace), join(directory, 'ns/net'))
  writeFileSync(join(directory, 'comm'), `${comm}\n`)
  writeFileSync(join(directory, 'cgroup'), `0::${cgroup}\n`)
  writeFileSync(
    join(directory, 'status'),
    `Name:\t${comm}\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\nGid:\t7\t7\t7\t7\n`,
  )
}

describe("the kubelet's user", () => {
  it('is that of a kubelet of the node, not of a pod that calls itself so', async () => {
    process(1, 'systemd', 0)
    process(20, 'kubelet', 66, '/kubepods/pod2c48913c-b29f-11e7-9350-020968147796/c')
    process(21, 'kubelet', 67, '/docker/c', 'elsewhere')
    process(22, 'kubelet', 991)
    expect(await kubeletUser(root)).toBe(991)
  })

  it('is not known without one', async () => {
    process(1, 'systemd', 0)
    expect(await kubeletUser(root)).toBeUndefined()
  })
})
