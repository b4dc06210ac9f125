import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { recordedRelease, writeOriginalChart } from '../chart/original-chart.ts'
import { AmbientBed } from './ambient-bed.ts'
import { until } from './condition.ts'
import type { DaemonSet } from './daemon-set.ts'
import { agentImage, HelmRelease } from './helm-release.ts'
import { pod, type RunningPod, Workloads } from './workloads.ts'

let bed: AmbientBed
let release: HelmRelease
let agent: DaemonSet
let workloads: Workloads
let scratch: string

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'helm-cluster-'))
  bed = await AmbientBed.createBare()
  workloads = new Workloads(bed.cluster)
  release = await HelmRelease.prepare(bed.cluster)
  agent = release.daemonSet
})

afterAll(async () => {
  await bed?.close()
  await rm(scratch, { recursive: true })
})

async function running(name: string): Promise<RunningPod> {
  const [found] = await workloads.running(name, 1)
  return found ?? { name: '', address: '' }
}

/** A pod of sidecar mode that starts now. */
async function expectRedirection(name: string): Promise<void> {
  const before = await workloads.unredirected()
  await bed.cluster.apply(pod(name, true))
  const found = await running(name)
  expect(await workloads.inbound(found)).toBe('istio-proxy:15006')
  expect(await workloads.outbound(found)).toBe('istio-proxy:15001')
  expect(await workloads.unredirected()).toBe(before)
}

const guideDaemonSet = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'istio-cni-node', namespace: 'istio-system' },
  spec: {
    selector: { matchLabels: { 'k8s-app': 'istio-cni-node' } },
    template: {
      metadata: { labels: { 'k8s-app': 'istio-cni-node' } },
      spec: {
        hostNetwork: true,
        imagePullSecrets: [{ name: 'dhi-pull-secret' }],
        containers: [{ name: 'install-cni', image: agentImage, securityContext: { privileged: true } }],
      },
    },
  },
}

const leastPrivilege = {
  capabilities: ['DAC_OVERRIDE', 'NET_ADMIN', 'NET_RAW', 'SYS_ADMIN', 'SYS_PTRACE'],
  seccomp: 'filter',
  noNewPrivileges: false,
  readOnlyRoot: true,
  hostNetwork: true,
}

describe('a DaemonSet without mounts, as the guide has it', () => {
  it('is told which mounts it lacks, and never gets ready', async () => {
    await bed.cluster.apply(guideDaemonSet)
    const log = () => bed.cluster.kubectl('logs', '-n', 'istio-system', 'daemonset/istio-cni-node')
    await until('its log says what to add', async () => {
      const words = await log()
      return ['/host/opt/cni/bin', '/host/etc/cni/net.d', 'hostPath'].every((word) => words.includes(word))
    })
    const [name] = await agent.podNames()
    const readiness = `/api/v1/namespaces/istio-system/pods/${name}:8000/proxy/readyz`
    await expect(bed.cluster.kubectl('get', '--raw', readiness)).rejects.toThrow('ServiceUnavailable')
    await agent.kubectl('delete', 'daemonset', 'istio-cni-node')
    await agent.gone()
  })
})

describe("the original's release", () => {
  it('runs our image as it is', async () => {
    const { objects } = await recordedRelease('guide-helm')
    const original = join(scratch, 'original')
    // The original's chart drops the tag here; without it the image would be `latest`.
    const text = JSON.stringify(objects).replaceAll('"dhi.io/istio-install-cni"', JSON.stringify(agentImage))
    await writeOriginalChart(original, JSON.parse(text))
    await release.deploy([], original)
    await expectRedirection('original')
  })

  it('is upgraded to our chart, rolled back and upgraded again without a change of the node', async () => {
    const version = await agent.networkVersion()
    await release.deploy()
    await release.helm('rollback', 'istio-cni', '1')
    await agent.ready()
    await release.deploy()
    expect(await agent.networkVersion()).toBe(version)
    expect(await workloads.inbound(await running('original'))).toBe('istio-proxy:15006')
  })
})

describe('the chart', () => {
  it('makes an agent that is ready, as its operator sees', async () => {
    const get = (...args: string[]) => bed.cluster.kubectl('get', ...args, '--no-headers')
    expect(await get('daemonset', '-n', 'istio-system', 'istio-cni-node')).toMatch(
      /^istio-cni-node(\s+1){5}\s/,
    )
    expect(await get('pods', '-n', 'istio-system', '-l', 'k8s-app=istio-cni-node')).toMatch(
      /\s1\/1\s+Running\s+0\s/,
    )
    expect(await get('clusterrolebinding')).toMatch(/^istio-cni /m)
    expect(await agent.logs(20)).toMatch(/\tinfo\tcni-agent\tinstalled and watching\n/)
  })

  it('gives it no more rights on the node than it needs', async () => {
    expect(await release.confinement()).toEqual(leastPrivilege)
  })

  it('redirects pods with a sidecar', () => expectRedirection('sidecar'))

  it('runs privileged on demand', async () => {
    await release.deploy(['privileged=true'])
    expect((await release.confinement()).capabilities).toContain('SYS_MODULE')
    await expectRedirection('privileged')
    await release.deploy()
  })

  it('passes its own test', async () => {
    expect(await release.helm('test', 'istio-cni')).toMatch(/Phase:\s+Succeeded/)
  })
})

const ambientModes = [
  { mode: 'least privilege', values: [], confinement: leastPrivilege },
  {
    mode: 'a network namespace of its own',
    values: ['hostNetwork=false'],
    confinement: { ...leastPrivilege, hostNetwork: false },
  },
  {
    mode: 'native nftables',
    values: ['global.nativeNftables=true'],
    confinement: {
      ...leastPrivilege,
      capabilities: leastPrivilege.capabilities.filter((name) => name !== 'NET_RAW'),
    },
  },
].map((each) => ({ ...each, name: each.mode.replaceAll(' ', '-') }))

describe.each(ambientModes)('ambient mode with $mode', ({ name, values, confinement }) => {
  beforeAll(async () => {
    const deployed = release.deploy(['profile=ambient', ...values])
    await Promise.all([deployed, bed.startZtunnel()])
    await bed.pods.createNamespace(name, true)
  })

  afterAll(() => bed.stopZtunnel())

  it('has no more rights on the node than it needs', async () => {
    expect(await release.confinement()).toEqual(confinement)
  })

  it('brings pods into the mesh, and says so', async () => {
    await bed.pods.create(name, 'first')
    await bed.pods.create(name, 'second')
    const [first, second] = [await bed.pods.readyPod(name, 'first'), await bed.pods.readyPod(name, 'second')]
    await bed.firstConnection(first)
    expect(await bed.unredirected(first)).toBe(0)
    await bed.tunnel(first, second)
    expect((await bed.pods.now(first)).map(({ mark }) => mark)).toEqual(['enabled'])
    const log = await bed.cluster.kubectl(
      'logs',
      '-n',
      'istio-system',
      '-l',
      'k8s-app=istio-cni-node',
      '--tail=-1',
    )
    expect(
      log
        .split('\n')
        .filter((line) => line.includes('ambient'))
        .join('\n'),
    ).toContain('first')
  })

  it('redirects pods with a sidecar, too', () => expectRedirection(`sidecar-${name}`))
})

describe('an uninstallation', () => {
  it('leaves nothing of the agent on the node and in the cluster', async () => {
    await bed.cluster.kubectl('delete', 'namespace', ...ambientModes.map(({ name }) => name))
    await bed.cluster.kubectl('delete', 'pod', '--all', '-n', 'default', '--timeout=60s')
    // Helm leaves what ran as a test to whoever ran it.
    await agent.kubectl('delete', 'pod', 'istio-cni-check')
    await release.uninstall()
    expect(await agent.installed()).toEqual({ configuration: false, kubeconfig: false, plugin: false })
    const left = 'serviceaccounts,configmaps,secrets,roles,rolebindings,clusterroles,clusterrolebindings,pods'
    expect(await bed.cluster.kubectl('get', left, '-A', '-o', 'name')).not.toContain('istio-cni')
  })
})
