import { copyFile, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { AmbientBed, describeWithStandIn } from './ambient-bed.ts'
import type { MeshPod } from './ambient-pods.ts'
import { until } from './condition.ts'
import { nodePaths } from './layout.ts'
import { nodeFile } from './node-namespace.ts'

const crowd = 50

let bed: AmbientBed

beforeAll(async () => {
  bed = await AmbientBed.create()
  await bed.pods.createNamespace('mesh', true)
})

afterAll(() => bed?.close())

async function expectAllRedirected(pods: readonly MeshPod[]): Promise<void> {
  const passed = await Promise.all(
    pods.map(async (pod) => {
      await bed.firstConnection(pod)
      return bed.unredirected(pod)
    }),
  )
  expect(passed).toEqual(pods.map(() => 0))
}

const drift = async (what: string) =>
  (await bed.agent.metrics()).get(`istio_cni_ambient_drift_total{what="${what}"}`) ?? 0

const inNamespaceOf = async ({ address }: MeshPod, ...command: string[]) => {
  const script = `for netns in /run/netns/*; do
    if nsenter --net=$netns ip -o address show | grep -q 'inet ${address}/'; then nsenter --net=$netns "$@"; fi
  done`
  return bed.cluster.exec('sh', '-c', script, 'sh', ...command)
}

const networkFile = `${nodePaths.netDir}/10-test.conflist`
type Plugins = readonly Readonly<{ type?: string }>[]

/** As the network's own installation does it, in one step. */
async function changeNetwork(change: (plugins: Plugins) => Plugins): Promise<void> {
  const file = nodeFile(networkFile)
  const network = JSON.parse(await readFile(file, 'utf8')) as { plugins: Plugins }
  await writeFile(`${file}.new`, JSON.stringify({ ...network, plugins: change(network.plugins) }))
  await rename(`${file}.new`, file)
}

async function expectNewPodRedirected(name: string): Promise<MeshPod> {
  await bed.pods.create('mesh', name)
  const pod = await bed.pods.readyPod('mesh', name)
  await bed.enrolled(pod)
  await expectAllRedirected([pod])
  return pod
}

describeWithStandIn(`${crowd} pods at once`, () => {
  it('are all in the mesh, each from its first connection on', async () => {
    await bed.pods.createMany('mesh', 'crowd', crowd)
    const pods = await bed.pods.ready('mesh', 'crowd', crowd)
    await bed.enrolled(...pods)
    await expectAllRedirected(pods)
    const metrics = await bed.agent.metrics()
    expect(metrics.get('istio_cni_ambient_pods{state="desired"}')).toBe(crowd)
    expect(metrics.get('istio_cni_ambient_pods{state="enrolled"}')).toBe(crowd)
    expect(metrics.get('istio_cni_ambient_pods{state="unenrolled"}')).toBe(0)
    await bed.cluster.kubectl('-n', 'mesh', 'scale', 'deployment', 'crowd', '--replicas=3')
    const left = await bed.pods.ready('mesh', 'crowd', 3)
    await until('the node has nothing of those that went', async () => {
      const probed = await bed.probed()
      return (
        [...probed.keys()].sort().join() ===
        left
          .map(({ address }) => address)
          .sort()
          .join()
      )
    })
  })
})

describeWithStandIn('rules that somebody else flushes', () => {
  it('are put back within a round of verification, counted, and told by events', async () => {
    const [first, second, third] = await bed.pods.ready('mesh', 'crowd', 3)
    if (first === undefined || second === undefined || third === undefined) throw new Error('no pods')
    const before = { rules: await drift('rules'), host: await drift('host') }
    await inNamespaceOf(first, 'nft', 'flush', 'ruleset')
    for (const table of ['nat', 'mangle']) await inNamespaceOf(second, 'iptables', '-t', table, '-F')
    await bed.cluster.exec('nft', 'flush', 'ruleset')
    expect(await bed.missing(first, second)).toEqual([`rules in ${first.name}`, `rules in ${second.name}`])
    await bed.enrolled(first, second, third)
    await until('the node has its rules again', async () =>
      /ISTIO_POSTRT.*SNAT/.test(await bed.cluster.exec('iptables-save', '-t', 'nat')),
    )
    await until('the repairs are counted', async () => (await drift('host')) > before.host)
    expect(await drift('rules')).toBe(before.rules + 2)
    expect((await bed.agent.metrics()).get('istio_cni_ambient_pods{state="drifted"}')).toBe(0)
    await until('the events of both pods tell of it', async () => {
      const told = await bed.cluster.kubectl(
        ...['-n', 'mesh', 'get', 'events', '--field-selector', 'reason=RedirectionRepaired'],
        ...['-o', 'jsonpath={.items[*].involvedObject.name}'],
      )
      return [first, second].every(({ name }) => told.split(' ').includes(name))
    })
    expect(await bed.pods.ask(first, second.address)).toBe('app:8080')
  })
})

describeWithStandIn('a node that loses its power', () => {
  /** The kubelet still tells of the old ones for a while. */
  const inNewSandboxes = (former: readonly MeshPod[]) =>
    until('the pods have new sandboxes', async () => {
      const pods = await bed.pods.ready('mesh', 'crowd', former.length)
      const old = new Set(former.map(({ address }) => address))
      return pods.every(({ address }) => !old.has(address)) && pods
    })

  it('has every pod of the mesh redirected again', async () => {
    const former = await bed.pods.ready('mesh', 'crowd', 3)
    await bed.reboot()
    await bed.agent.start()
    await bed.startZtunnel()
    await bed.agent.ready()
    const pods = await inNewSandboxes(former)
    await bed.enrolled(...pods)
    await expectAllRedirected(pods)
    expect([...(await bed.probed()).keys()].sort()).toEqual(pods.map(({ address }) => address).sort())
  })

  it('has pods redirected that started without the plugin, although their annotation says that they are', async () => {
    const former = await bed.pods.ready('mesh', 'crowd', 3)
    await bed.agent.stop('KILL')
    await changeNetwork((plugins) => plugins.filter(({ type }) => type !== 'istio-cni'))
    await bed.reboot()
    const pods = await inNewSandboxes(former)
    for (const pod of pods) {
      expect(pod.mark).toBe('enabled')
      expect(await bed.unredirected(pod)).toBe(1)
    }
    await bed.agent.start()
    await bed.startZtunnel()
    await bed.agent.ready()
    await bed.enrolled(...pods)
    const [client, server] = pods
    if (client === undefined || server === undefined) throw new Error('no pods')
    await bed.tunnel(client, server)
    expect(await bed.pods.now(...pods)).toEqual(pods)
  })
})

describeWithStandIn('a node without IPv6', () => {
  const withoutIpv6 = `for each in /proc/sys/net/ipv6/conf/*; do
    case $each in */all | */lo) ;; *) echo 1 > $each/disable_ipv6 ;; esac
  done`
  const tuning = {
    type: 'tuning',
    sysctl: { 'net.ipv6.conf.all.disable_ipv6': '1', 'net.ipv6.conf.default.disable_ipv6': '1' },
  }

  // Loopback keeps it: the API server talks to itself by way of ::1.
  it('as its kernel has it has pods in the mesh', async () => {
    await bed.cluster.exec('sh', '-c', withoutIpv6)
    const { binDir } = nodePaths
    await copyFile(join(bed.cluster.programs.cniPlugins, 'tuning'), nodeFile(`${binDir}/tuning`))
    await changeNetwork(([bridge = {}, ...others]) => [bridge, tuning, ...others])
    await bed.agent.ready()
    const pod = await expectNewPodRedirected('kernel')
    expect(await inNamespaceOf(pod, 'cat', '/proc/sys/net/ipv6/conf/eth0/disable_ipv6')).toBe('1\n')
  })

  it('as its settings say has pods in the mesh, whose IPv6 is not touched', async () => {
    await bed.replaceAgent({ AMBIENT_IPV6: 'false' })
    const pod = await expectNewPodRedirected('setting')
    expect((await bed.rules('ip6tables-save')).get(pod.address)).not.toMatch(/ISTIO|15001/)
  })
})
