import { AGENT_CAPABILITIES, configMapEntries, type ValuesInput } from '@istio-install-cni/config-schema'
import { describe, expect, it } from 'vitest'
import { daemonSet } from './daemon-set.ts'
import { contextOf, rendered } from './rendered.fixture.ts'

interface Container {
  readonly env: { name: string; value?: string; valueFrom?: object }[]
  readonly args?: string[]
  readonly imagePullPolicy?: string
  readonly ports: object[]
  readonly readinessProbe: object
  readonly resources?: object
  readonly securityContext: Record<string, unknown> & { capabilities?: { add: string[]; drop: string[] } }
  readonly volumeMounts: { name: string; mountPath: string }[]
}
interface DaemonSet {
  readonly metadata: { labels: Record<string, string> }
  readonly spec: {
    readonly selector: { matchLabels: object }
    readonly updateStrategy?: object
    readonly template: {
      readonly metadata: { labels: Record<string, string>; annotations: Record<string, string> }
      readonly spec: Record<string, unknown> & {
        containers: [Container]
        volumes: { name: string; hostPath: { path: string } }[]
      }
    }
  }
}

function of(values: ValuesInput = {}) {
  const manifest = rendered<DaemonSet>(daemonSet(), values)
  if (manifest === undefined) throw new Error('there is no DaemonSet')
  const { metadata, spec: pod } = manifest.spec.template
  return { manifest, metadata, pod, container: pod.containers[0] }
}
const environment = (values: ValuesInput) => {
  const { env } = of(values).container
  expect(new Set(env.map(({ name }) => name)).size, 'no variable twice').toBe(env.length)
  return Object.fromEntries(env.map(({ name, value, valueFrom }) => [name, value ?? valueFrom]))
}

/** With something else at the path. */
function changed<Tree extends object>(tree: Tree, [key = '', ...rest]: readonly string[]): Tree {
  const inner = (tree as Record<string, object>)[key]
  return { ...tree, [key]: inner === undefined || rest.length === 0 ? 'other' : changed(inner, rest) }
}

describe("the agent's pod", () => {
  it.each<[ValuesInput, boolean]>([
    [{}, true],
    [{ hostNetwork: false }, false],
    [{ hostNetwork: false, ambient: { shareHostNetworkNamespace: true } }, false],
    [{ hostNetwork: false, ambient: { enabled: true, shareHostNetworkNamespace: true } }, true],
  ])("with %j is in the node's network: %s", (values, isShared) => {
    const { pod } = of(values)
    expect(pod.hostNetwork).toBe(isShared ? true : undefined)
    expect(pod.dnsPolicy).toBe(isShared ? 'ClusterFirstWithHostNet' : undefined)
    expect(environment(values).ALLOW_SWITCH_TO_HOST_NS).toBe(isShared ? undefined : 'true')
  })

  it('is replaced when a setting changes that only the ConfigMap tells it', () => {
    const digestOf = (context = contextOf()) =>
      rendered<DaemonSet>(daemonSet(), {}, context)?.spec.template.metadata.annotations['checksum/config']
    const plain = digestOf()
    expect(plain).toMatch(/^[0-9a-f]{64}$/)
    for (const path of [...configMapEntries().map((entry) => entry.path), 'env.A', 'global.tag']) {
      const context = contextOf()
      expect(digestOf({ ...context, values: changed(context.values, path.split('.')) }), path).not.toBe(plain)
    }
    expect(digestOf(contextOf({ podLabels: { a: 'b' }, resources: {} }))).toBe(plain)
  })

  it('mounts what it uses, and each volume once', () => {
    for (const enabled of [false, true]) {
      const { pod, container } = of({ ambient: { enabled } })
      const names = container.volumeMounts.map(({ name }) => name)
      expect(pod.volumes.map(({ name }) => name)).toEqual(names)
      expect(new Set(names).size).toBe(names.length)
      expect(names.includes('cni-ztunnel-sock-dir')).toBe(enabled)
    }
  })

  it("mounts the node's directories wherever they are", () => {
    const directories = { cniBinDir: '/a/bin', cniConfDir: '/a/net.d', cniNetnsDir: '/a/netns' }
    const { pod } = of({ ...directories, ambient: { enabled: true } })
    const paths = pod.volumes.map(({ hostPath }) => hostPath.path)
    expect(paths).toEqual(expect.arrayContaining(Object.values(directories)))
  })

  it('keeps what it is found by, whatever labels the user gives', () => {
    const labels = { 'k8s-app': 'mine', team: 'net', 'istio.io/dataplane-mode': 'ambient' }
    const { manifest, metadata } = of({
      daemonSetLabels: labels,
      podLabels: labels,
      podAnnotations: { a: 'b' },
    })
    expect(manifest.spec.selector.matchLabels).toEqual({ 'k8s-app': 'istio-cni-node' })
    expect(manifest.metadata.labels).toMatchObject({ 'k8s-app': 'istio-cni-node', team: 'net' })
    expect(metadata.labels).toMatchObject({
      'k8s-app': 'istio-cni-node',
      team: 'net',
      'istio.io/dataplane-mode': 'ambient',
    })
    expect(metadata.annotations).toMatchObject({ a: 'b', 'prometheus.io/port': '15014' })
  })

  it('runs on Linux, on the nodes and with the priority that it is given', () => {
    const { pod } = of({
      nodeSelector: { mesh: 'yes', 'kubernetes.io/os': 'windows' },
      priorityClassName: 'node',
    })
    expect(pod.nodeSelector).toEqual({ 'kubernetes.io/os': 'linux', mesh: 'yes' })
    expect(pod.priorityClassName).toBe('node')
  })

  it('has no empty parts', () => {
    const { manifest, pod, container } = of({
      tolerations: [],
      affinity: {},
      updateStrategy: { type: null, rollingUpdate: null },
      seccompProfile: { type: '' },
      global: { logging: { level: '' } },
    })
    expect(pod).not.toHaveProperty('tolerations')
    expect(pod).not.toHaveProperty('affinity')
    expect(pod).not.toHaveProperty('imagePullSecrets')
    expect(manifest.spec).not.toHaveProperty('updateStrategy')
    expect(container).not.toHaveProperty('args')
    expect(container.securityContext).not.toHaveProperty('seccompProfile')
  })
})

describe("the agent's environment", () => {
  it("has the user's variables rather than the chart's, but the pod's own", () => {
    const env = { REPAIR_SIDECAR_ANNOTATION: 'example.com/status', NODE_NAME: 'mine', EXTRA: 1 }
    expect(environment({ env })).toMatchObject({
      REPAIR_SIDECAR_ANNOTATION: 'example.com/status',
      NODE_NAME: { fieldRef: { fieldPath: 'spec.nodeName' } },
      EXTRA: '1',
    })
  })
})

describe("the agent's container", () => {
  it('has the capabilities that the enabled features need', () => {
    const { securityContext } = of({ global: { nativeNftables: true } }).container
    expect(securityContext.capabilities).toEqual({
      drop: ['ALL'],
      add: ['NET_ADMIN', 'SYS_PTRACE', 'SYS_ADMIN', 'DAC_OVERRIDE'],
    })
    expect(of().container.securityContext.capabilities?.add).toEqual(Object.keys(AGENT_CAPABILITIES))
  })

  it('is asked at the ports that it listens on', () => {
    const { container, metadata } = of({ healthPort: 18000, monitoringPort: 25014 })
    expect(container.readinessProbe).toEqual({ httpGet: { path: '/readyz', port: 18000 } })
    expect(container.ports).toEqual([{ containerPort: 25014, name: 'metrics', protocol: 'TCP' }])
    expect(metadata.annotations['prometheus.io/port']).toBe('25014')
  })

  it.each<[ValuesInput, string | undefined]>([
    [{}, undefined],
    [{ global: { imagePullPolicy: 'Always' } }, 'Always'],
    [{ pullPolicy: 'Never', global: { imagePullPolicy: 'Always' } }, 'Never'],
  ])('with %j is pulled: %s', (values, policy) => {
    expect(of(values).container.imagePullPolicy).toBe(policy)
  })

  it('is confined as far as it is told', () => {
    const seccompProfile = { type: 'Localhost', localhostProfile: 'profiles/cni.json' } as const
    expect(of().container.securityContext).toMatchObject({
      readOnlyRootFilesystem: true,
      seccompProfile: { type: 'RuntimeDefault' },
    })
    expect(of({ readOnlyRootFilesystem: false, seccompProfile }).container.securityContext).toMatchObject({
      readOnlyRootFilesystem: false,
      seccompProfile,
    })
  })

  it('may be another user', () => {
    const { securityContext } = of({ runAsUser: 65532, runAsGroup: 65532 }).container
    expect(securityContext).toMatchObject({ runAsUser: 65532, runAsGroup: 65532, runAsNonRoot: true })
    expect(of().container.securityContext.runAsNonRoot).toBe(false)
  })

  it('has an SELinux type that may do it, unless said', () => {
    const type = (seLinuxOptions: object) => of({ seLinuxOptions }).container.securityContext.seLinuxOptions
    expect(type({})).toBeUndefined()
    expect(type({ level: 's0' })).toEqual({ type: 'spc_t', level: 's0' })
    expect(type({ type: 'container_t' })).toEqual({ type: 'container_t' })
  })

  it('asks for no AppArmor profile, by annotation or by field', () => {
    const key = 'container.apparmor.security.beta.kubernetes.io/install-cni'
    expect(of().metadata.annotations[key]).toBe('unconfined')
    expect(of().container.securityContext).not.toHaveProperty('appArmorProfile')
    const { metadata, container } = of({ useAppArmorAnnotation: false })
    expect(metadata.annotations).not.toHaveProperty(key)
    expect(container.securityContext.appArmorProfile).toEqual({ type: 'Unconfined' })
  })

  it('has resources without what is empty, or those for all charts', () => {
    const defaults = { requests: { cpu: '1' } }
    const cpuless = { requests: { cpu: null }, limits: { memory: '1Gi' } }
    expect(of({ resources: cpuless }).container.resources).toEqual({
      requests: { memory: '100Mi' },
      limits: { memory: '1Gi' },
    })
    const none = { resources: { requests: null }, global: { defaultResources: defaults } }
    expect(of(none).container.resources).toEqual({ requests: { cpu: '1', memory: '100Mi' } })
  })
})
