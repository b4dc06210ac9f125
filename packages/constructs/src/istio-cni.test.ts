import { ApiObject, App, Chart, JsonPatch, Lazy, Testing } from 'cdk8s'
import * as kplus from 'cdk8s-plus-28'
import { beforeEach, describe, expect, expectTypeOf, it } from 'vitest'
import {
  CniConfig,
  CniDaemonSet,
  CniNetworkAttachmentDefinition,
  CniNetworkPolicy,
  CniPodMonitor,
  CniRbac,
  CniResourceQuota,
  type CommonProps,
  HardenedImage,
  ImagePullSecret,
  IstioCni,
  type IstioCniProps,
  Platform,
  PropsError,
  type ValuesInput,
} from './index.ts'

interface Manifest {
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels: Record<string, string>
  }
  readonly [key: string]: unknown
}

let app: App
let chart: Chart

beforeEach(() => {
  app = new App()
  chart = new Chart(app, 'mesh')
})

const manifests = (of = chart) => of.toJson() as Manifest[]
const names = (of = chart) => manifests(of).map(({ kind, metadata }) => `${kind}/${metadata.name}`)
const find = (kind: string, of = chart) => manifests(of).find((manifest) => manifest.kind === kind)

/** The agent's pod with these props. */
function podOf(props: IstioCniProps) {
  const own = new Chart(app, `pod-${app.node.children.length}`)
  new IstioCni(own, 'cni', props)
  const daemonSet = find('DaemonSet', own) as unknown as { spec: { template: { spec: PodSpec } } }
  return daemonSet.spec.template.spec
}
interface PodSpec {
  readonly containers: readonly [{ readonly image: string; readonly securityContext: object }]
  readonly imagePullSecrets?: readonly object[]
}

describe('IstioCni', () => {
  it('makes all objects of an installation, in the order in which they should be applied', () => {
    const cni = new IstioCni(chart, 'cni')
    expect(names()).toEqual([
      'ServiceAccount/istio-cni',
      'ClusterRole/istio-cni',
      'ClusterRole/istio-cni-repair-role',
      'ClusterRoleBinding/istio-cni',
      'ClusterRoleBinding/istio-cni-repair-rolebinding',
      'Role/istio-cni',
      'RoleBinding/istio-cni',
      'ConfigMap/istio-cni-config',
      'DaemonSet/istio-cni-node',
    ])
    expect(cni.apiObjects.map(({ kind, name }) => `${kind}/${name}`)).toEqual(names())
  })

  const everything: IstioCniProps = {
    ambient: { enabled: true },
    provider: 'multus',
    podMonitor: { enabled: true },
    resourceQuotas: { enabled: true },
  }

  it('adds what its props ask for', () => {
    const cni = new IstioCni(chart, 'cni', { ...everything, global: { networkPolicy: { enabled: true } } })
    expect(ApiObject.of(cni.podMonitor).kind).toBe('PodMonitor')
    expect(names()).toEqual(
      expect.arrayContaining([
        'NetworkPolicy/istio-cni',
        'ResourceQuota/istio-cni-resource-quota',
        'ClusterRole/istio-cni-ambient',
        'ClusterRoleBinding/istio-cni-ambient',
        'NetworkAttachmentDefinition/istio-cni',
        'PodMonitor/istio-cni-node',
      ]),
    )
  })

  it.each<[string, string | undefined, IstioCniProps, string]>([
    ['istio-system', undefined, {}, 'istio-system'],
    ["the chart's", 'mesh', {}, 'mesh'],
    ['its own', 'mesh', { namespace: 'cni' }, 'cni'],
  ])('is in %s namespace', (_, namespace, props, expected) => {
    const own = new Chart(app, 'own', namespace === undefined ? {} : { namespace })
    const cni = new IstioCni(own, 'cni', props)
    expect(cni.namespace).toBe(expected)
    expect(find('DaemonSet', own)?.metadata.namespace).toBe(expected)
    expect(find('ClusterRoleBinding', own)?.subjects).toEqual([
      { kind: 'ServiceAccount', name: 'istio-cni', namespace: expected },
    ])
    for (const { kind, metadata } of manifests(own).filter(({ kind }) => kind.startsWith('Cluster')))
      expect(metadata, kind).not.toHaveProperty('namespace')
  })

  it("has the release's name in labels only", () => {
    new IstioCni(chart, 'cni', { releaseName: 'node-agent' })
    const labels = find('DaemonSet')?.metadata.labels
    expect(labels).toMatchObject({ release: 'node-agent', 'app.kubernetes.io/managed-by': 'cdk8s' })
    expect(names()).toContain('DaemonSet/istio-cni-node')
  })

  it('takes values as the chart does: under cni, in profiles, of the platform, the own first', () => {
    expect(new IstioCni(chart, 'cni', { profile: 'ambient', cni: { chained: false } })).toBeDefined()
    expect(find('ConfigMap')?.data).toMatchObject({ AMBIENT_ENABLED: 'true', CHAINED_CNI_PLUGIN: 'false' })
    const own = new Chart(app, 'own')
    new IstioCni(own, 'cni', { platform: Platform.K3S, cniBinDir: '/bin' })
    expect(find('ConfigMap', own)?.data).toMatchObject({
      CNI_BIN_DIR: '/bin',
      CNI_NET_DIR: '/var/lib/rancher/k3s/agent/etc/cni/net.d',
    })
  })

  it('asks for few capabilities, or for everything', () => {
    expect(podOf({}).containers[0].securityContext).toMatchObject({
      privileged: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    const { securityContext } = podOf({ privileged: true }).containers[0]
    expect(securityContext).toMatchObject({ privileged: true })
    expect(securityContext).not.toHaveProperty('capabilities')
  })

  it('pulls a hardened image with the secrets that it is given, once each', () => {
    const own = new Chart(app, 'own', { namespace: 'istio-system' })
    const made = ImagePullSecret.fromCredentials(own, 'pull', { username: 'u', password: 'p', name: 'made' })
    const pod = podOf({
      image: HardenedImage.mirrored('my-namespace', '1.30.3', { variant: 'dev' }),
      imagePullSecrets: [made, ImagePullSecret.existing('there'), 'there'],
      global: { imagePullSecrets: ['there'] },
    })
    expect(pod.containers[0].image).toBe('my-namespace/dhi-istio-install-cni:1.30.3-dev')
    expect(pod.imagePullSecrets).toEqual([{ name: 'there' }, { name: 'made' }])
  })

  it("tells the agent a hardened image's version, without the variant", () => {
    new IstioCni(chart, 'cni', { image: HardenedImage.dhi('1.30.1', { variant: 'dev' }) })
    expect(find('ConfigMap')?.data).toMatchObject({ CURRENT_AGENT_VERSION: '1.30.1' })
    const own = new Chart(app, 'own')
    new IstioCni(own, 'cni', { image: HardenedImage.dhi('1.30'), tag: '1.30.3' })
    expect(find('ConfigMap', own)?.data).toMatchObject({ CURRENT_AGENT_VERSION: '1.30.3' })
  })

  it('leaves its objects open for what no prop says', () => {
    const cni = new IstioCni(chart, 'cni')
    const daemonSet = ApiObject.of(cni.daemonSet)
    daemonSet.metadata.addLabel('team', 'networking')
    daemonSet.addJsonPatch(JsonPatch.add('/spec/minReadySeconds', 10))
    expect(find('DaemonSet')).toMatchObject({
      metadata: { labels: { team: 'networking' } },
      spec: { minReadySeconds: 10 },
    })
  })

  it('is there once for each chart, which is for one cluster', () => {
    new IstioCni(chart, 'cni')
    new IstioCni(new Chart(app, 'other-cluster'), 'cni')
    expect(() => Testing.synth(chart)).not.toThrow()
    new IstioCni(chart, 'again', { namespace: 'other' })
    expect(() => Testing.synth(chart)).toThrow(
      /\[mesh\/again\/rbac\/cluster-role\] ClusterRole istio-cni is already made by mesh\/cni\/rbac\/cluster-role/,
    )
  })

  it.each<['cluster' | 'namespace', boolean]>([
    ['cluster', true],
    ['namespace', false],
  ])('may be cut in two: the half of the %s', (resourceScope, isClusterWide) => {
    const networkPolicy = { enabled: true }
    new IstioCni(chart, 'all', { ...everything, global: { networkPolicy } })
    const own = new Chart(app, 'half')
    new IstioCni(own, 'half', { ...everything, global: { networkPolicy, resourceScope } })
    expect(names(own)).toEqual(names().filter((name) => name.startsWith('Cluster') === isClusterWide))
    expect(names(own).length).toBeGreaterThan(5)
  })

  it('may be in two halves in one chart', () => {
    new IstioCni(chart, 'cluster', { global: { resourceScope: 'cluster' } })
    new IstioCni(chart, 'namespace', { global: { resourceScope: 'namespace' } })
    expect(() => Testing.synth(chart)).not.toThrow()
  })

  it('gives its account annotations, and the policy of a revision a name of its own', () => {
    const serviceAccountAnnotations = { 'eks.amazonaws.com/role-arn': 'arn' }
    const global = { networkPolicy: { enabled: true } }
    new IstioCni(chart, 'cni', { serviceAccountAnnotations, revision: 'canary', global })
    expect(find('ServiceAccount')?.metadata).toMatchObject({ annotations: serviceAccountAnnotations })
    expect(names()).toContain('NetworkPolicy/istio-cni-canary')
  })

  it('offers its account to cdk8s-plus', () => {
    const cni = new IstioCni(chart, 'cni', { namespace: 'agents' })
    const role = new kplus.ClusterRole(chart, 'more')
    role.allowRead(kplus.ApiResource.CONFIG_MAPS)
    role.bind(cni.serviceAccount)
    expect(manifests().at(-1)).toMatchObject({
      kind: 'ClusterRoleBinding',
      subjects: [{ kind: 'ServiceAccount', name: 'istio-cni', namespace: 'agents' }],
    })
  })
})

describe('the props of IstioCni', () => {
  it('are the values of the model, each with its documentation', () => {
    type Differing = keyof CommonProps | 'image' | 'imagePullSecrets'
    expectTypeOf<Omit<IstioCniProps, Differing>>().toExtend<ValuesInput>()
    expectTypeOf<Omit<ValuesInput, Differing>>().toExtend<IstioCniProps>()
    expectTypeOf<keyof IstioCniProps>().toEqualTypeOf<keyof ValuesInput | Differing>()
  })
})

describe('the parts of an installation', () => {
  it('are, each with the same props, what the whole is', () => {
    const props: IstioCniProps = { namespace: 'agents', ambient: { enabled: true } }
    new CniRbac(chart, 'rbac', props)
    new CniConfig(chart, 'config', props)
    new CniDaemonSet(chart, 'daemon-set', props)
    const whole = new Chart(app, 'whole')
    new IstioCni(whole, 'cni', props)
    expect(manifests()).toEqual(manifests(whole))
  })

  it('need no props', () => {
    new CniRbac(chart, 'rbac')
    expect(find('ServiceAccount')?.metadata.namespace).toBe('istio-system')
  })

  it('that are optional are made when somebody makes them', () => {
    new CniPodMonitor(chart, 'metrics', { interval: '30s', labels: { prometheus: 'nodes' } })
    new CniNetworkPolicy(chart, 'policy', { healthPort: 8001 })
    new CniResourceQuota(chart, 'quota', { pods: 9, priorityClassName: 'node' })
    new CniNetworkAttachmentDefinition(chart, 'shop', { namespace: 'shop' })
    new CniNetworkAttachmentDefinition(chart, 'default', {})
    expect(manifests()).toMatchObject([
      {
        kind: 'PodMonitor',
        metadata: { labels: { prometheus: 'nodes' } },
        spec: { podMetricsEndpoints: [{ port: 'metrics', path: '/metrics', interval: '30s' }] },
      },
      {
        kind: 'NetworkPolicy',
        spec: { ingress: [{ ports: [{ port: 15014 }] }, { ports: [{ port: 8001 }] }] },
      },
      {
        kind: 'ResourceQuota',
        spec: { hard: { pods: '9' }, scopeSelector: { matchExpressions: [{ values: ['node'] }] } },
      },
      { kind: 'NetworkAttachmentDefinition', metadata: { name: 'istio-cni', namespace: 'shop' } },
      { kind: 'NetworkAttachmentDefinition', metadata: { name: 'istio-cni', namespace: 'default' } },
    ])
  })

  it('that are optional are made without props, too, where no whole decides', () => {
    new CniPodMonitor(chart, 'metrics')
    new CniNetworkPolicy(chart, 'policy')
    new CniResourceQuota(chart, 'quota')
    const attachment = new CniNetworkAttachmentDefinition(chart, 'multus')
    expect(names()).toEqual([
      'PodMonitor/istio-cni-node',
      'NetworkPolicy/istio-cni',
      'ResourceQuota/istio-cni-resource-quota',
      'NetworkAttachmentDefinition/istio-cni',
    ])
    expect(attachment.namespace).toBe(ApiObject.of(attachment).metadata.namespace)
  })

  it('say the construct and everything that is wrong with their props', () => {
    expect(() => new CniPodMonitor(chart, 'metrics', { interval: 'often', namespace: 'A' })).toThrow(
      /^mesh\/metrics: props cannot be used:\n {2}namespace="A": .*\n {2}podMonitor.interval="often": expected a duration/,
    )
  })
})

describe('a wrong prop', () => {
  const refusal = (props: unknown): PropsError => {
    const own = new Chart(new App(), 'mesh')
    try {
      new IstioCni(own, 'cni', props as IstioCniProps)
    } catch (error) {
      if (error instanceof PropsError) return error
      throw error
    }
    throw new Error('the props were accepted')
  }

  it('is told with all others, at which construct, and what was meant', () => {
    const error = refusal({
      ambient: { enabeld: true },
      tolerations: 'all',
      platform: 'openshfit',
      releaseName: 'No',
    })
    expect(error).toMatchObject({ code: 'PROPS_INVALID', where: 'mesh/cni' })
    expect(error.message.split('\n')).toEqual([
      'mesh/cni: props cannot be used:',
      expect.stringMatching(/^ {2}releaseName="No": expected /),
      expect.stringMatching(/^ {2}ambient.enabeld: expected one of .*; did you mean ambient.enabled\?$/),
      expect.stringMatching(/^ {2}tolerations="all": expected a list of tolerations/),
      expect.stringMatching(/^ {2}platform="openshfit": expected one of .*; did you mean openshift\?$/),
    ])
  })

  it('never shows what may be a secret', () => {
    expect(refusal({ env: { TOKEN: ['S3CRET'] } }).message).toMatch(/env\.TOKEN: expected (?!.*S3CRET)/)
  })

  it('may be a part of another image than the hardened one beside it', () => {
    const image = HardenedImage.dhi('1.30.3')
    expect(refusal({ image, variant: 'fips', cni: { image: 'other' } }).message).toMatch(
      /variant="fips": expected nothing beside a HardenedImage.*\n {2}cni\.image="other": /,
    )
  })

  it('may be a pull secret of another namespace', () => {
    const elsewhere = new Chart(app, 'elsewhere', { namespace: 'shop' })
    const secret = ImagePullSecret.fromCredentials(elsewhere, 'pull', { username: 'u', password: 'p' })
    const places = { imagePullSecrets: ['there', secret], cni: { imagePullSecrets: [secret] } }
    expect(
      refusal({ ...places, global: { imagePullSecrets: [secret] } })
        .message.split('\n')
        .slice(1),
    ).toEqual(
      ['imagePullSecrets[1]', 'cni.imagePullSecrets[0]', 'global.imagePullSecrets[0]'].map((place) =>
        expect.stringContaining(
          `${place}.namespace="shop": expected the namespace of the agent, istio-system`,
        ),
      ),
    )
  })

  it.each([
    ['no props at all', 'ambient', /the props="ambient": expected an object/],
    ['no name', { namespace: null, releaseName: 5 }, /namespace=null: .*\n {2}releaseName=5: /],
    [
      'a value of later',
      { cniBinDir: Lazy.any({ produce: () => '/bin' }) },
      /cniBinDir: .*not an instance of Lazy/,
    ],
  ])('may be, in a program without types, %s', (_, props, message) => {
    expect(refusal(props).message).toMatch(message)
  })

  it('is refused by the compiler where it can see it', () => {
    const props: IstioCniProps[] = [
      // @ts-expect-error a name that does not exist
      { ambient: { enable: true } },
      // @ts-expect-error a value of another type
      { ambient: { enabled: 'yes' } },
      // @ts-expect-error a platform that does not exist
      { platform: 'openshfit' },
      // @ts-expect-error an image in parts, as other charts have it
      { image: { repository: 'install-cni' } },
      // @ts-expect-error two agents cannot share a node
      { updateStrategy: { rollingUpdate: { maxSurge: 1 } } },
      // @ts-expect-error secrets are a list
      { imagePullSecrets: 'dhi-pull-secret' },
      // @ts-expect-error of the own kind only
      { cni: { platform: 'gke' } },
    ]
    for (const each of props) expect(refusal(each)).toBeInstanceOf(PropsError)
    // @ts-expect-error not the prop of a part
    expect(() => new CniPodMonitor(chart, 'metrics', { ambient: { enabled: 'x' } })).toThrow(PropsError)
    expectTypeOf<IstioCniProps['image']>().toEqualTypeOf<string | HardenedImage | undefined>()
    expectTypeOf<Platform>().toEqualTypeOf<(typeof Platform)[keyof typeof Platform]>()
    expectTypeOf<IstioCni['apiObjects']>().toEqualTypeOf<readonly ApiObject[]>()
  })
})
