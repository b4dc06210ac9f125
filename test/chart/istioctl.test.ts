import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { distDirectory } from '../../scripts/tools.ts'
import { until } from '../cluster/condition.ts'
import { ApiServer } from './api-server.ts'
import { chartDirectory, Helm } from './helm.ts'
import { configuration, daemonSetOf, installed, objectsOf } from './rendered.ts'

const tree = ['--manifests', join(distDirectory, 'istioctl')]
const image = 'dhi.io/istio-install-cni:1.30.3'

/** The guide's commands, but for where the chart comes from. */
const guide = {
  sidecar: ['components.cni.enabled=true', `values.cni.image=${image}`],
  alone: ['profile=empty', 'components.cni.enabled=true', `values.cni.image=${image}`],
  ambient: ['profile=ambient', `values.cni.image=${image}`],
  ci: [
    ...['components.cni.enabled=true', `values.cni.image=${image}`],
    ...['values.cni.cniBinDir=/opt/cni/bin', 'values.cni.cniConfDir=/etc/cni/net.d'],
  ],
}
const inCni = 'values.cni.imagePullSecrets[0]=dhi-pull-secret'

const set = (...values: readonly string[]) => values.flatMap((value) => ['--set', value])

let scratch: string
let server: ApiServer
let helm: Helm

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'chart-istioctl-'))
  server = await ApiServer.start()
  helm = new Helm(server.programs.helm, scratch)
})

afterAll(async () => {
  await server?.stop()
  await rm(scratch, { recursive: true })
})

const generate = (...args: readonly string[]) =>
  server.output('istioctl', 'manifest', 'generate', ...tree, ...args)

const generated = async (...values: readonly string[]) => objectsOf(await generate(...set(...values)))

describe('istioctl manifest generate', () => {
  it.each(Object.entries(guide))("renders the guide's image: %s", async (mode, values) => {
    const objects = await generated(...values)
    expect(installed(objects).images).toEqual([image])
    expect(configuration(objects).AMBIENT_ENABLED).toBe(String(mode === 'ambient'))
  })

  it('renders the agent that helm renders', async () => {
    const [ours] = [daemonSetOf(await generated(...guide.sidecar))]
    const text = await helm.output(
      'template',
      'istio',
      chartDirectory,
      '-n',
      'istio-system',
      '--set',
      `cni.image=${image}`,
    )
    expect(ours.spec.template.spec).toEqual(daemonSetOf(objectsOf(text)).spec.template.spec)
  })

  it.each([
    ['values.cni.cniBinDir=/elsewhere/bin', '/elsewhere/bin'],
    ['values.cni.cniConfDir=/elsewhere/net.d', '/elsewhere/net.d'],
  ])('takes %s', async (value, path) => {
    expect(await generate(...set(...guide.ci, value))).toContain(`path: ${path}\n`)
  })

  it("refuses the guide's pull secret by itself, before it looks at the chart", async () => {
    await expect(generate(...set(...guide.sidecar, inCni))).rejects.toThrow(
      'unknown field "imagePullSecrets" in istio.operator.v1alpha1.CNIConfig',
    )
  })

  it.each([
    ['below global', set('values.global.imagePullSecrets[0]=dhi-pull-secret')],
    ['when it is forced', ['--force', ...set(inCni)]],
    ['unvalidated', set('unvalidatedValues.cni.imagePullSecrets[0]=dhi-pull-secret')],
    [
      'unvalidated, as the pod has them',
      set('unvalidatedValues.cni.imagePullSecrets[0].name=dhi-pull-secret'),
    ],
  ])('takes the pull secret %s', async (_, args) => {
    const objects = objectsOf(await generate(...set(...guide.sidecar), ...args))
    expect(installed(objects).pullSecrets).toEqual({ pod: ['dhi-pull-secret'], account: ['dhi-pull-secret'] })
  })

  it("takes the chart's other values unvalidated", async () => {
    const objects = await generated(...guide.sidecar, 'unvalidatedValues.cni.privileged=true')
    const [container] = daemonSetOf(objects).spec.template.spec.containers
    expect(container?.securityContext?.privileged).toBe(true)
  })

  it('refuses an unvalidated value that the chart does not know', async () => {
    await expect(generated(...guide.sidecar, 'unvalidatedValues.cni.chaned=false')).rejects.toThrow('chaned')
  })
})

describe('istioctl install', () => {
  /** What the kubelet's node would bring about: istioctl waits for the agent to be ready. */
  const becomesReady = async () => {
    const count = ['desiredNumberScheduled', 'currentNumberScheduled', 'updatedNumberScheduled']
    const ready = [...count, 'numberReady', 'numberAvailable'].map((name) => [name, 1])
    const status = { ...Object.fromEntries(ready), numberMisscheduled: 0, observedGeneration: 1 }
    await until('the DaemonSet can be said to be ready', () =>
      server.kubectl(
        ...['-n', 'istio-system', 'patch', 'daemonset', 'istio-cni-node'],
        ...['--subresource=status', '--type=merge', '-p', JSON.stringify({ status })],
      ),
    )
  }

  it('installs the agent, and takes nothing away of an istiod that is there', async () => {
    const versions = await server.output('istioctl', 'version', '--remote=false', '-o', 'json')
    const { clientVersion } = JSON.parse(versions) as { readonly clientVersion: { readonly version: string } }
    // As istioctl marks what it has installed.
    const labels = {
      'install.operator.istio.io/owning-resource': 'unknown',
      'install.operator.istio.io/owning-resource-namespace': 'istio-system',
      'operator.istio.io/component': 'Pilot',
      'operator.istio.io/managed': 'Reconcile',
      'operator.istio.io/version': clientVersion.version,
      'istio.io/rev': 'default',
    }
    const istiod = {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'istiod', namespace: 'istio-system', labels },
    }
    await server.cluster.apply(istiod)
    const ready = becomesReady()
    await server.output('istioctl', 'install', '-y', ...tree, ...set(...guide.sidecar))
    await ready
    expect(
      installed([
        await server.get('daemonset', 'istio-cni-node'),
        await server.get('serviceaccount', 'istio-cni'),
      ]).images,
    ).toEqual([image])
    // It would be there, marked, until the garbage collector came.
    expect((await server.get('serviceaccount', 'istiod')).metadata).not.toHaveProperty('deletionTimestamp')
  })

  it('uninstalls everything that it has installed', async () => {
    await server.output('istioctl', 'uninstall', '-y', '--purge')
    // It deletes in the foreground, which the garbage collector brings to an end.
    await server.cluster.start('kube-controller-manager')
    const left = async () => (await server.everything()).filter((name) => name.includes('istio-cni'))
    await until('everything of the agent is gone', async () => (await left()).length === 0)
  })
})
