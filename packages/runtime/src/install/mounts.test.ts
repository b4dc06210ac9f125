import { defaultSettings } from '@istio-install-cni/config-schema'
import { describe, expect, it } from 'vitest'
import { parseDocument } from 'yaml'
import { areHostMountsRequired, missingMounts, mountOf, parseMounts } from './mounts.ts'

const bare = parseMounts(`1000 900 0:50 / / rw,relatime - overlay overlay rw,lowerdir=/x
1001 1000 0:51 / /proc rw - proc proc rw
1002 1000 0:52 / /dev rw - tmpfs tmpfs rw
`)
const binaries = '1100 1000 8:1 /opt/cni/bin /host/opt/cni/bin rw - ext4 /dev/sda1 rw\n'
const rest = `1101 1000 8:1 /etc/cni/net.d /host/etc/cni/net.d rw - ext4 /dev/sda1 rw
1102 1000 0:24 /istio-cni /run/istio-cni rw shared:5 - tmpfs tmpfs rw
`
/** As the resolver of a container whose /var/run is a link to /run. */
const real = async (path: string) => path.replace('/var/run', '/run')

describe('mounts', () => {
  it('are read from mountinfo, escapes and optional fields included', () => {
    const [mount] = parseMounts(
      '36 35 98:0 /mnt\\0401 /a\\040b rw,noatime master:1 shared:2 - ext3 /dev/root rw\n',
    )
    expect(mount).toEqual({ root: '/mnt 1', mountPoint: '/a b', type: 'ext3' })
  })

  it('are found by the longest mount point, the last one over another', () => {
    expect(mountOf('/proc/self', bare)?.type).toBe('proc')
    expect(mountOf('/process', bare)?.type).toBe('overlay')
    const over = [...bare, { mountPoint: '/proc', root: '/', type: 'tmpfs' }]
    expect(mountOf('/proc', over)?.type).toBe('tmpfs')
  })

  it('are required in a container, or as the setting says', () => {
    const node = parseMounts('27 1 254:0 / / rw - ext4 /dev/root rw\n')
    expect(areHostMountsRequired({ requireHostMounts: 'auto' }, bare)).toBe(true)
    expect(areHostMountsRequired({ requireHostMounts: 'auto' }, node)).toBe(false)
    expect(areHostMountsRequired({ requireHostMounts: 'true' }, node)).toBe(true)
    expect(areHostMountsRequired({ requireHostMounts: 'false' }, bare)).toBe(false)
    expect(areHostMountsRequired({ requireHostMounts: 'auto' }, [])).toBe(false)
  })
})

describe('missingMounts', () => {
  it('lists all at once and prints YAML that is ready to be pasted into the pod template', async () => {
    const error = await missingMounts(defaultSettings(), bare, real)
    expect(error?.code).toBe('MOUNTS_MISSING')
    for (const path of ['/host/opt/cni/bin', '/host/etc/cni/net.d', '/var/run/istio-cni']) {
      expect(error?.message).toContain(`${path} (the node's`)
    }
    const lines = error?.message.split('\n').slice(1) ?? []
    const pod = parseDocument(
      `containers:\n      - name: install-cni\n${lines.join('\n')}`.replace(/^ {6}/gm, ''),
    )
    expect(pod.errors).toEqual([])
    const { containers, volumes } = pod.toJS()
    expect(containers[0].volumeMounts).toContainEqual({ name: 'cni-bin-dir', mountPath: '/host/opt/cni/bin' })
    expect(containers[0].volumeMounts).toContainEqual({
      name: 'cni-net-dir',
      mountPath: '/host/etc/cni/net.d',
    })
    expect(volumes).toContainEqual({ name: 'cni-socket-dir', hostPath: { path: '/var/run/istio-cni' } })
    expect(containers[0].volumeMounts).toContainEqual({
      name: 'cni-cache-dir',
      mountPath: '/host/var/lib/cni',
      readOnly: true,
    })
    const names = (list: { name: string }[]) => list.map(({ name }) => name)
    expect(names(containers[0].volumeMounts)).toEqual(names(volumes))
  })

  it('names only those that are missing, with the directories of the settings', async () => {
    const settings = { ...defaultSettings(), cniNetDir: '/var/lib/rancher/net.d' }
    const error = await missingMounts(settings, [...bare, ...parseMounts(binaries)], real)
    expect(error?.message).not.toContain('/host/opt/cni/bin')
    expect(error?.message).toContain('/host/proc')
    const proc = parseMounts('1200 1000 0:5 / /host/proc ro - proc proc ro\n')
    const withProc = await missingMounts(settings, [...bare, ...proc], real)
    expect(withProc?.message).not.toContain('/host/proc')
    expect(error?.message).toContain('path: /var/lib/rancher/net.d')
  })

  it('is content when everything is mounted, links resolved', async () => {
    expect(
      await missingMounts(defaultSettings(), [...bare, ...parseMounts(binaries + rest)], real),
    ).toBeUndefined()
  })

  it('does not take a volume of the pod for the node', async () => {
    const empty =
      '1100 1000 8:1 /var/lib/kubelet/pods/1/volumes/kubernetes.io~empty-dir/bin /host/opt/cni/bin rw - ext4 /dev/sda1 rw\n'
    const error = await missingMounts(defaultSettings(), [...bare, ...parseMounts(empty + rest)], real)
    expect(error?.message).toContain('/host/opt/cni/bin')
  })
})
