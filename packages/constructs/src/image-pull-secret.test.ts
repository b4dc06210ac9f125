import { inspect } from 'node:util'
import { ApiObject, App, Chart } from 'cdk8s'
import { beforeEach, describe, expect, it } from 'vitest'
import { ImagePullSecret } from './image-pull-secret.ts'

const password = 'dckr_pat_S3CRET'
const auth = Buffer.from(`a-user:${password}`).toString('base64')
let chart: Chart

beforeEach(() => {
  chart = new Chart(new App(), 'mesh', { namespace: 'istio-system' })
})

/** The only object of the chart, its credentials parsed. */
function secret() {
  const [object] = chart.toJson() as { stringData: Record<string, string> }[]
  return { ...object, config: JSON.parse(object?.stringData['.dockerconfigjson'] ?? '') as unknown }
}

const hides = (text: string) => {
  expect(text).not.toContain('S3CRET')
  expect(text).not.toContain(auth)
}

describe('a pull secret', () => {
  it('is what kubectl create secret docker-registry makes of credentials', () => {
    const made = ImagePullSecret.fromCredentials(chart, 'pull', { username: 'a-user', password })
    expect(made.name).toBe('dhi-pull-secret')
    expect(secret()).toMatchObject({
      kind: 'Secret',
      type: 'kubernetes.io/dockerconfigjson',
      metadata: { name: 'dhi-pull-secret', namespace: 'istio-system' },
      config: { auths: { 'dhi.io': { username: 'a-user', password, auth } } },
    })
  })

  it('has the registry, name and namespace that it is given', () => {
    const place = { registry: 'registry.example', name: 'mirror', namespace: 'mesh' }
    ImagePullSecret.fromCredentials(chart, 'pull', { username: 'a-user', password, ...place })
    expect(secret()).toMatchObject({
      metadata: { name: 'mirror', namespace: 'mesh' },
      config: { auths: { 'registry.example': { username: 'a-user' } } },
    })
  })

  it("takes of Docker's file nothing but the credentials of the registry", () => {
    const config = {
      auths: { 'dhi.io': { auth }, 'other.example': { auth: 'b3RoZXI=' } },
      HttpHeaders: { 'X-Meta': 'S3CRET' },
    }
    ImagePullSecret.fromDockerConfig(chart, 'pull', { config: JSON.stringify(config), registry: 'dhi.io' })
    expect(secret().config).toEqual({ auths: { 'dhi.io': { auth } } })
  })

  it("takes all that Docker's file has, and passes over what its helpers keep", () => {
    const config = { auths: { 'dhi.io': { auth }, 'other.example': {} } }
    ImagePullSecret.fromDockerConfig(chart, 'pull', { config })
    expect(secret().config).toEqual({ auths: { 'dhi.io': { auth } } })
  })

  it('takes of an entry what the kubelet reads, and nothing else', () => {
    const entry = { auth, email: 'a-user@example.com', identitytoken: 'S3CRET', note: 'S3CRET' }
    ImagePullSecret.fromDockerConfig(chart, 'pull', { config: { auths: { 'dhi.io': entry } } })
    expect(secret().config).toEqual({ auths: { 'dhi.io': { auth, email: 'a-user@example.com' } } })
  })

  it('that is there already makes no object', () => {
    expect(ImagePullSecret.existing('dhi-pull-secret')).toEqual({ name: 'dhi-pull-secret' })
    expect(chart.toJson()).toEqual([])
  })

  it('is not shown by printing it, its parts, or the app that has it', () => {
    const made = ImagePullSecret.fromCredentials(chart, 'pull', { username: 'a-user', password })
    for (const each of [made, made.apiObject, chart, chart.node.root, ...made.node.findAll()]) {
      hides(inspect(each, { depth: 20, showHidden: true, customInspect: false }))
      hides(inspect({ ...each }, { depth: 20, showHidden: true }))
      hides(String(each))
    }
    expect(secret().config).toMatchObject({ auths: { 'dhi.io': { auth } } })
  })

  it('leads to its object, as cdk8s asks of a construct', () => {
    const made = ImagePullSecret.fromCredentials(chart, 'pull', { username: 'a-user', password })
    expect(ApiObject.of(made)).toBe(made.apiObject)
    expect(made.apiObject.kind).toBe('Secret')
  })
})

describe('a refused pull secret', () => {
  const refusal = (make: () => unknown): string => {
    try {
      make()
    } catch (error) {
      const shown = inspect(error, { depth: 20, showHidden: true })
      hides(shown)
      return (error as Error).message
    }
    throw new Error('it was accepted')
  }

  it('says at which construct what is wrong with the credentials, and never shows them', () => {
    const credentials = { username: 'S3CRET:user', password: `${password}\n` }
    expect(refusal(() => ImagePullSecret.fromCredentials(chart, 'pull', credentials))).toMatch(
      /^mesh\/pull: props cannot be used:\n {2}username: expected .*\n {2}password: expected .*ends with a line break/,
    )
  })

  it('says what is wrong with its place, at once', () => {
    const place = { registry: 'a registry', name: 'My Secret', namespace: 'My' }
    expect(
      refusal(() =>
        ImagePullSecret.fromCredentials(chart, 'pull', { username: 'a', password: '', ...place }),
      ),
    ).toMatch(
      /^mesh\/pull: .*\n {2}name="My Secret": .*\n {2}namespace="My": .*\n {2}registry="a registry": .*\n {2}password: /,
    )
    expect(refusal(() => ImagePullSecret.existing(''))).toMatch(/^ImagePullSecret: .*\n {2}name="": /)
    expect(chart.toJson()).toEqual([])
  })

  const withoutPassword = Buffer.from('00000000-0000-0000-0000-000000000000:').toString('base64')
  const tokenConfig = JSON.stringify({
    auths: { 'dhi.io': { auth: withoutPassword, identitytoken: 'S3CRET' } },
  })

  it.each([
    ['no JSON', `{"auths": {"dhi.io": {"auth": "S3CRET"`, /config: expected JSON/],
    ['without auths', '{"credsStore": "desktop"}', /config: expected JSON/],
    ['with an identity token', tokenConfig, /config: .*identity token/],
    [
      'with what is no base64',
      '{"auths": {"dhi.io": {"auth": "S3CRET!"}}}',
      /config: .*user name and password/,
    ],
    ['with a helper', '{"auths": {"dhi.io": {}}, "credsStore": "S3CRET"}', /config: .*credential helper/],
    [
      'of another registry',
      `{"auths": {"dhi.o": {"auth": "${auth}"}}}`,
      /registry="dhi.io": .*dhi.o; did you mean/,
    ],
  ])('says what is wrong with a file that is %s', (_, config, message) => {
    const make = () => ImagePullSecret.fromDockerConfig(chart, 'pull', { config, registry: 'dhi.io' })
    expect(refusal(make)).toMatch(message)
  })
})
