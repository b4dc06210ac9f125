import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { chartDirectory, Helm, release } from './helm.ts'
import { chartPrograms } from './programs.ts'
import { configuration, daemonSetOf, identity, installed, objectsOf } from './rendered.ts'
import { Umbrella } from './umbrella.ts'
import { valueSets } from './value-sets.ts'

const scratch = await mkdtemp(join(tmpdir(), 'chart-helm-'))
const programs = await chartPrograms()
const helm3 = new Helm(programs.helm, scratch)
const helm4 = new Helm(programs.helm4, scratch)
const helms = [
  { version: 3, helm: helm3 },
  { version: 4, helm: helm4 },
]

afterAll(() => rm(scratch, { recursive: true }))

const set = (...values: readonly string[]) => values.flatMap((value) => ['--set', value])

/** @param values as after `--set` */
const rendered = async (helm: Helm, ...values: readonly string[]) =>
  objectsOf(await helm.template(...set(...values)))

const settings = async (...values: readonly string[]) => configuration(await rendered(helm3, ...values))

describe.each(helms)('helm $version', ({ helm }) => {
  it('has the version that it is taken for', async () => {
    const version = helm === helm3 ? 'v3.' : 'v4.'
    expect(await helm.output('version', '--template', '{{.Version}}')).toContain(version)
  })

  it("renders the guide's image and pull secret", async () => {
    const objects = await rendered(
      helm,
      'cni.image=dhi.io/istio-install-cni',
      'cni.tag=1.30.3-debian13',
      'global.imagePullSecrets[0]=dhi-pull-secret',
    )
    expect(installed(objects)).toEqual({
      images: ['dhi.io/istio-install-cni:1.30.3-debian13'],
      pullSecrets: { pod: ['dhi-pull-secret'], account: ['dhi-pull-secret'] },
    })
  })

  it.each([
    ['ambient.enable=true', ['/ambient', 'enable']],
    ['cni.ambient.enable=true', ['/cni/ambient', 'enable']],
    ['chaned=false', ['chaned']],
    ['cni.chaned=false', ['/cni', 'chaned']],
    ['repair.delete=true', ['/repair', 'delete']],
    ['image.registry=dhi.io', ['/image', 'string']],
    ['ambient.enabled=maybe', ['/ambient/enabled', 'boolean']],
    ['terminationGracePeriodSeconds=soon', ['/terminationGracePeriodSeconds', 'integer']],
    ['provider=calico', ['/provider', 'multus']],
    ['updateStrategy.rollingUpdate.maxSurge=1', ['maxSurge']],
    ['profile=ambiant', ['/profile', 'ambient']],
    ['platform=gkee', ['/platform', 'gke']],
    ['global.platform=gkee', ['/global/platform', 'gke']],
    ['compatibilityVersion=1.2', ['/compatibilityVersion', '1.28']],
    ['global.hup=dhi.io', ['global.hup', 'hub']],
  ])('refuses %s, and says where', async (value, words) => {
    const refusal = await helm.refusal('--set', value)
    for (const word of words) expect(refusal).toContain(word)
  })

  it.each(['1.20.0', '1.28.0', 'v1.30.5-gke.1014003', 'v1.32.3-eks-bcf3d70', 'v1.34.1+k3s1', '1.99.0'])(
    'renders for Kubernetes %s',
    async (version) => {
      expect(await helm.template('--kube-version', version)).toContain('istio-cni-node')
    },
  )

  it('refuses a Kubernetes that is too old', async () => {
    expect(await helm.refusal('--kube-version', '1.19.9')).toContain('kubeVersion')
  })

  it('renders as if a key were not there that the schema does not know, when told to skip the schema', async () => {
    const skipped = await helm.template('--skip-schema-validation', '--set', 'chaned=false')
    expect(objectsOf(skipped)).toEqual(await rendered(helm))
  })

  it('takes what a chart of charts shares among them', async () => {
    const umbrella = new Umbrella(chartDirectory, scratch)
    const shared = ['--set', 'global.environment=production,global.env=x,global.hub=registry.example']
    const [result] = await umbrella.render(helm, [{ enabled: true }], ...shared)
    if (result === undefined || !('objects' in result)) throw new Error(JSON.stringify(result))
    expect(installed(result.objects).images).toEqual(['registry.example/install-cni:1.30.3'])
  })

  it('takes null for nothing said', async () => {
    const nothing = [
      'tag',
      'affinity',
      'ambient',
      'cni.repair.enabled',
      'cni.ambient',
      'global.hub',
      'profile',
    ]
    expect(await rendered(helm, ...nothing.map((path) => `${path}=null`))).toEqual(await rendered(helm))
  })

  it('takes null for no list', async () => {
    const { spec } = daemonSetOf(await rendered(helm, 'tolerations=null')).spec.template
    expect(spec).not.toHaveProperty('tolerations')
  })

  it.each(['profile=ambiant', 'platform=gkee'])(
    'refuses %s even when told to skip the schema',
    async (value) => {
      expect(await helm.refusal('--skip-schema-validation', '--set', value)).toContain(value.split('=')[1])
    },
  )
})

describe('both helms', () => {
  it.each(valueSets)('find nothing to say about $name, and render the same from it', async ({ args }) => {
    const ends = helms.flatMap(({ helm }) => [
      helm.run('lint', '--strict', chartDirectory, ...args),
      helm.run('template', ...release, ...args),
    ])
    const [lint3, template3, lint4, template4] = await Promise.all(ends)
    for (const end of [lint3, lint4]) expect(end?.stdout).toContain('1 chart(s) linted, 0 chart(s) failed')
    for (const end of [template3, template4]) expect(end).toMatchObject({ code: 0, stderr: '' })
    const objects = objectsOf(template3?.stdout ?? '')
    expect(objects.map(identity)).toContain('DaemonSet/istio-system/istio-cni-node')
    expect(objectsOf(template4?.stdout ?? '')).toEqual(objects)
  })
})

const digest = `sha256:${'0'.repeat(64)}`

describe("the agent's image", () => {
  it.each([
    { values: [], image: 'dhi.io/istio-install-cni:1.30.3' },
    { values: ['image=dhi.io/istio-install-cni', 'tag=1.30'], image: 'dhi.io/istio-install-cni:1.30' },
    { values: ['image=dhi.io/istio-install-cni:1.30', 'tag=1.29'], image: 'dhi.io/istio-install-cni:1.30' },
    {
      values: ['cni.image=mine/dhi-istio-install-cni', 'cni.tag=1.30'],
      image: 'mine/dhi-istio-install-cni:1.30',
    },
    { values: ['image=a:5000/b', 'tag=1.30', 'variant=fips'], image: 'a:5000/b:1.30' },
    { values: [`image=a/b@${digest}`, 'tag=1.30', 'global.variant=fips'], image: `a/b@${digest}` },
    {
      values: ['global.hub=dhi.io', 'image=istio-install-cni', 'tag=1.30'],
      image: 'dhi.io/istio-install-cni:1.30',
    },
    { values: ['hub=a.io', 'global.hub=b.io', 'global.tag=1.30'], image: 'a.io/install-cni:1.30' },
    { values: ['hub=a.io', 'tag=1.30', 'variant=dev'], image: 'a.io/install-cni:1.30-dev' },
  ])('is $image from $values', async ({ values, image }) => {
    expect(installed(await rendered(helm3, ...values)).images).toEqual([image])
  })
})

describe('pull secrets', () => {
  it.each([
    { values: ['global.imagePullSecrets[0]=a'], names: ['a'] },
    { values: ['imagePullSecrets[0]=a'], names: ['a'] },
    { values: ['cni.imagePullSecrets[0].name=a'], names: ['a'] },
    {
      values: ['cni.imagePullSecrets[0]=a', 'imagePullSecrets[0].name=b', 'global.imagePullSecrets[0]=a'],
      names: ['a', 'b'],
    },
  ])('are $names of the pod and of its account from $values', async ({ values, names }) => {
    const { pullSecrets } = installed(await rendered(helm3, ...values))
    expect(pullSecrets).toEqual({ pod: names, account: names })
  })
})

describe('profiles and platforms', () => {
  it.each([
    ['true', ['profile=ambient']],
    ['true', ['global.profile=ambient']],
    ['true', ['profile=ambient', 'global.profile=demo']],
    ['false', ['profile=ambient', 'ambient.enabled=false']],
    ['false', ['profile=ambient', 'cni.ambient.enabled=false']],
    ['false', ['global.profile=ambient', 'ambient.enabled=true', 'cni.ambient.enabled=false']],
  ])('AMBIENT_ENABLED is %s from %s', async (value, values) => {
    expect((await settings(...values)).AMBIENT_ENABLED).toBe(value)
  })

  it.each([
    ['/bin', ['platform=k3d']],
    ['/bin', ['global.platform=k3d']],
    ['/bin', ['platform=k3d', 'global.platform=gke']],
    ['/mine', ['platform=k3d', 'cniBinDir=/mine']],
    ['/mine', ['platform=k3d', 'cni.cniBinDir=/mine']],
    ['/mine', ['global.platform=k3d', 'cniBinDir=/other', 'cni.cniBinDir=/mine']],
  ])('the plugin is installed into %s from %s', async (directory, values) => {
    const objects = await rendered(helm3, ...values)
    expect(JSON.stringify(objects)).toContain(`{"path":"${directory}"`)
  })
})
