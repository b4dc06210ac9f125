import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { kubeconfigText } from '../install/kubeconfig-text.ts'
import { textOfBase64 } from './base64-text.ts'
import { kubeconfig } from './kubeconfig.fixture.ts'
import { credentialsOf, KubeconfigError } from './kubeconfig.ts'

const server = {
  kubernetesServiceHost: '10.96.0.1',
  kubernetesServicePort: 6443,
  kubernetesServiceProtocol: 'https',
} as const

describe('credentialsOf', () => {
  it.each(['eyJhbGciOi.J9.x-_y', 'true', '1e5', '"quoted"'])(
    'reads what the installer writes, with token %s',
    (token) => {
      expect(credentialsOf(kubeconfigText(server, token, Buffer.from('-----BEGIN\n')))).toEqual({
        tls: 'verified',
        address: '10.96.0.1',
        port: 6443,
        authorities: '-----BEGIN\n',
        token,
      })
    },
  )

  it('reads the address of an IPv6 cluster', () => {
    const text = kubeconfigText({ ...server, kubernetesServiceHost: 'fd00::1' }, 'T', undefined)
    expect(credentialsOf(text)).toMatchObject({ tls: 'unverified', address: 'fd00::1', authorities: '' })
  })

  it("reads the original's line of preferences", () => {
    expect(credentialsOf(`${kubeconfig()}preferences: {}\n`)).toMatchObject({ token: 'T0KEN' })
  })

  it.each([
    ['https://kubernetes.default:443', /names are not resolved/],
    ['https://10.96.0.1:0', /a port/],
    ['https://10.96.0.1:99999', /a port/],
    ['https://10.96.0.1/path', /expected https/],
    ['https://a@10.96.0.1', /expected https/],
    ['http://10.96.0.1', /plain text/],
    ['ftp://10.96.0.1', /expected https/],
  ])('refuses the server %s', (url, problem) => {
    expect(() => credentialsOf(kubeconfig({ server: url }))).toThrow(problem)
  })

  it('speaks plain HTTP to the own machine', () => {
    expect(credentialsOf(kubeconfig({ server: 'http://127.0.0.1:8001' }))).toMatchObject({ tls: 'none' })
  })

  it.each([
    ['a line of another kind', 'proxy-url: http://proxy', /line 4/],
    ['a file to read', 'certificate-authority: /etc/ca', /line 4/],
    ['a second server', 'server: https://10.0.0.1', /line 5: a second server/],
    ['an authority that is not base64', 'certificate-authority-data: "-----BEGIN"', /base64/],
    ['no authority', 'insecure-skip-tls-verify: false', /certificate-authority-data: missing/],
    ['an open quote', 'certificate-authority-data: "UEVN', /line 4/],
  ])('refuses %s, and names the place', (_, trust, problem) => {
    expect(() => credentialsOf(kubeconfig({ trust }))).toThrow(problem)
  })

  it.each([
    ['{}', /line 1/],
    ['', /server: missing/],
    ['a\0b', /line 1/],
    [kubeconfig().slice(0, -17), /token: missing/],
  ])('refuses %j', (text, problem) => {
    expect(() => credentialsOf(text)).toThrow(problem)
  })

  it.each(['S3CRET S3CRET', '"S3CRET', '"S3CRET\\r\\nX: y"', 'S3CRETé'])(
    'never repeats the token %s',
    (token) => {
      const reading = () => credentialsOf(kubeconfig({ token }))
      expect(reading).toThrow(KubeconfigError)
      expect(reading).not.toThrow('S3CRET')
    },
  )
})

describe('textOfBase64', () => {
  it('gives ASCII texts back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', maxLength: 64 }), (text) => {
        expect(textOfBase64(Buffer.from(text).toString('base64'))).toBe(text)
      }),
    )
  })

  it.each(['A', 'AAA', 'A===', 'AA=A', 'AA\n=', '_-AA', '////'])('refuses %j', (text) => {
    expect(textOfBase64(text)).toBeUndefined()
  })
})
