import { describe, expect, it } from 'vitest'
import { podCallFrom } from './pod-call.ts'

const ip = { Interface: 1, Address: { IP: '10.77.0.2', Mask: '//8AAA==' }, Gateway: '10.77.255.254' }
const request = { Netns: '/var/run/netns/a', PodName: 'app', PodNamespace: 'shop', IPs: [ip] }

describe('podCallFrom', () => {
  it('reads what the plugin sends', () => {
    expect(podCallFrom(JSON.stringify(request))).toEqual({
      namespace: 'shop',
      name: 'app',
      netns: '/var/run/netns/a',
      addresses: ['10.77.0.2'],
    })
  })

  it('reads what the plugin says beyond the original in headers', () => {
    const headers = { 'cni-container-id': 'c0ffee', 'cni-pod-uid': 'u-1' }
    expect(podCallFrom(JSON.stringify(request), headers)).toMatchObject({ containerId: 'c0ffee', uid: 'u-1' })
  })

  it('does not keep a header that no runtime would send', () => {
    const headers = { 'cni-container-id': 'c'.repeat(257), 'cni-pod-uid': '' }
    const call = podCallFrom(JSON.stringify(request), headers)
    expect(call).not.toHaveProperty('containerId')
    expect(call).not.toHaveProperty('uid')
  })

  it('reads a call without prevResult as one without addresses', () => {
    expect(podCallFrom(JSON.stringify({ ...request, IPs: null })).addresses).toEqual([])
  })

  it.each([
    ['no JSON', '{', /no JSON/],
    ['an array', '[]', /Netns/],
    ['a missing name', JSON.stringify({ ...request, PodName: undefined }), /PodName/],
    ['a relative path', JSON.stringify({ ...request, Netns: 'netns/a' }), /Netns.*absolute/],
    [
      'a word for an address',
      JSON.stringify({ ...request, IPs: [{ Address: { IP: 'ten' } }] }),
      /IPs\.0\.Address\.IP/,
    ],
  ])('refuses %s with code 6 and the key', (_, text, expected) => {
    expect(() => podCallFrom(text)).toThrow(
      expect.objectContaining({ code: 6, message: expect.stringMatching(expected) }),
    )
  })
})
