import { ANNOTATION } from '@istio-install-cni/config-schema'
import { describe, expect, it } from 'vitest'
import { ambientRedirection } from './ambient-redirection.ts'
import { podFromManifest } from './pod.ts'

const settings = {
  ambientDnsCapture: true,
  ambientIpv6: false,
  hostProbeSnatIp: '169.254.7.127',
  hostProbeSnatIpv6: 'fd16::7',
}
const withAnnotations = (annotations: Record<string, string>) =>
  ambientRedirection(podFromManifest({ metadata: { name: 'app', annotations } }), settings)

describe('ambientRedirection', () => {
  it('takes from the settings what the pod does not say', () => {
    expect(withAnnotations({})).toEqual({
      redirection: {
        dnsCapture: true,
        bypassInbound: false,
        rerouteInterfaces: [],
        ipv6: false,
        probeAddress: { ipv4: '169.254.7.127', ipv6: 'fd16::7' },
      },
      warnings: [],
    })
  })

  it('lets the pod decide about DNS, inbound traffic and virtual interfaces', () => {
    const { redirection, warnings } = withAnnotations({
      [ANNOTATION.ambientDnsCapture]: 'F',
      [ANNOTATION.ambientBypassInbound]: '1',
      [ANNOTATION.rerouteVirtualInterfaces]: ' veth1, veth2,',
    })
    expect(redirection).toMatchObject({
      dnsCapture: false,
      bypassInbound: true,
      rerouteInterfaces: ['veth1', 'veth2'],
    })
    expect(warnings).toEqual([])
  })

  it.each([ANNOTATION.ambientDnsCapture, ANNOTATION.ambientBypassInbound])(
    'warns of a word in %s that is no boolean, and goes on without it',
    (name) => {
      const { redirection, warnings } = withAnnotations({ [name]: 'maybe' })
      expect(redirection).toMatchObject({ dnsCapture: true, bypassInbound: false })
      expect(warnings).toEqual([expect.stringContaining(`annotation ${name} is "maybe"`)])
    },
  )

  it.each(['a"b', 'a*', 'veth+', 'a b', 'much-longer-than-15', 'a;drop'])(
    'lets no name into a rule that means something to a tool: %s',
    (name) => {
      const { redirection, warnings } = withAnnotations({
        [ANNOTATION.rerouteVirtualInterfaces]: `veth1,${name}`,
      })
      expect(redirection.rerouteInterfaces).toEqual(['veth1'])
      expect(warnings).toHaveLength(1)
    },
  )
})
