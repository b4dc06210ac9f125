import { describe, expect, it } from 'vitest'
import { netnsSeenHere } from './seen-netns.ts'

const seen = (netns: string, ...there: string[]) => netnsSeenHere(netns, (path) => there.includes(path))

describe("a pod's network namespace", () => {
  it.each(['/var/run/netns/cni-1', '/run/netns/cni-1', '/var/run/docker/netns/cni-1'])(
    'is found in the mounted directory of named namespaces: %s',
    (netns) => expect(seen(netns, '/host/var/run/netns/cni-1')).toBe('/host/var/run/netns/cni-1'),
  )

  it('is found through the first process of the node where its directory is not mounted', () => {
    const through = '/host/proc/1/root/run/netns/cni-1'
    expect(seen('/var/run/netns/cni-1', through)).toBe(through)
    expect(seen('/var/run/netns/cni-1', through, '/host/var/run/netns/cni-1')).toBe(
      '/host/var/run/netns/cni-1',
    )
  })

  it('is taken as it is told where that path is there', () => {
    expect(seen('/var/run/netns/cni-1', '/var/run/netns/cni-1', '/host/var/run/netns/cni-1')).toBe(
      '/var/run/netns/cni-1',
    )
    expect(seen('/var/run/netns/cni-1')).toBe('/var/run/netns/cni-1')
  })

  it("of a process is looked for among the node's processes, whatever process has that number here", () => {
    expect(seen('/proc/7/ns/net', '/proc/7/ns/net', '/host/proc/1')).toBe('/host/proc/7/ns/net')
    expect(seen('/proc/7/ns/net', '/proc/7/ns/net')).toBe('/proc/7/ns/net')
  })
})
