import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { podUidOf } from './find-pods-cgroup.ts'

const uid = '2c48913c-b29f-11e7-9350-020968147796'
const other = '72f7f152-440c-66ac-9084-e0fc1d8a910c'
const under = uid.replaceAll('-', '_')
const id = '9bca8d63d5fa610783847915bcff0ecac1273e5b4bed3f6fa1b07350e0135961'

describe('the pod of a process', () => {
  it.each([
    [
      'containerd, systemd driver',
      `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${under}.slice/cri-containerd-${id}.scope`,
    ],
    ['a guaranteed pod', `/kubepods.slice/kubepods-pod${under}.slice/cri-containerd-${id}.scope`],
    ['containerd, cgroupfs driver', `/kubepods/besteffort/pod${uid}/${id}`],
    ['containerd without its systemd option', `/kubepods-besteffort-pod${under}.slice:cri-containerd:${id}`],
    [
      'below the runtime’s own service',
      `/system.slice/containerd.service/kubepods-burstable-pod${under}.slice:cri-containerd:${id}`,
    ],
    [
      'CRI-O',
      `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${under}.slice/crio-${id}.scope/container`,
    ],
    ['CRI-O’s monitor', `/kubepods.slice/kubepods-pod${under}.slice/crio-conmon-${id}.scope`],
    ['CRI-O, cgroupfs driver', `/kubepods/burstable/pod${uid}/crio-${id}`],
    ['Docker', `/kubepods.slice/kubepods-pod${under}.slice/docker-${id}.scope`],
    ['Docker, cgroupfs driver', `/kubepods/pod${uid}/${id}`],
    ['a node that is a container', `/docker/${id}/kubelet/kubepods/burstable/pod${uid}/${id}`],
    [
      'a node of kind, systemd driver',
      `/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${under}.slice/cri-containerd-${id}.scope`,
    ],
    ['seen from a cgroup namespace', `/../../pod${uid}/${id}`],
    [
      'seen from a cgroup namespace, systemd driver',
      `/../../kubepods-besteffort-pod${under}.slice/cri-containerd-${id}.scope`,
    ],
    ['a process in a child of the container’s cgroup', `/kubepods/pod${uid}/${id}/init.scope/pod${other}/x`],
    ['the pod’s own cgroup', `/kubepods/burstable/pod${uid}`],
  ])('is read from the path of %s', (_, path) => {
    expect(podUidOf(`0::${path}\n`)).toBe(uid)
    expect(podUidOf(`12:cpuset:/\n4:memory:${path}\n1:name=systemd:${path}\n0::/\n`)).toBe(uid)
  })

  it('is nobody’s for processes of the node and of other containers', () => {
    for (const path of [
      '/',
      '/user.slice/user-0.slice/session-1.scope',
      `/docker/${id}`,
      `/../crio-${id}.scope`,
      '/system.slice/kubelet.service',
      `/mypod${uid}/x`,
      `/podman-${uid}/x`,
      `/kubepods/pod${uid}x/y`,
    ]) {
      expect(podUidOf(`0::${path}\n`)).toBeUndefined()
    }
  })

  it('is nobody’s when hierarchies disagree', () => {
    expect(podUidOf(`4:memory:/kubepods/pod${uid}/a\n3:cpu:/kubepods/pod${other}/a\n`)).toBeUndefined()
  })

  it('is looked for in any text without harm', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (text) => {
        expect(podUidOf(`${text}\n0::/kubepods/pod${uid}/${text}`.replaceAll(other, ''))).toBe(uid)
      }),
      { numRuns: 50 },
    )
    expect(podUidOf('0::/'.padEnd(65_536, 'pod-'))).toBeUndefined()
  })
})
