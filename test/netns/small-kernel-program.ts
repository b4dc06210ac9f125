// Runs on a kernel without IPv6, without nftables' tables for IP and without conntrack's zones. Prints one line of JSON,
// what came of each step, and ends the kernel. Argument: the loader of modules, which the kernel does not know at first.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { HostNetwork, NetworkNamespaces } from '../../packages/runtime/src/netns/index.ts'
import { ambientRules } from '../../packages/runtime/src/rules/ambient.ts'
import { hostRules } from '../../packages/runtime/src/rules/host.ts'
import { hostProgram } from '../../packages/runtime/src/rules/host-program.ts'
import { iptablesProgram } from '../../packages/runtime/src/rules/iptables.ts'

type Backends = Awaited<ReturnType<NetworkNamespaces['detectBackends']>>

/** `rules`, `routes` and `removed` are what the machine's own tools print. */
export type Told = Readonly<{
  withoutNetfilter: Backends
  backends: Backends
  refused: string
  applied: readonly string[]
  differences: readonly unknown[]
  rules: string
  routes: string
  onHost: string
  removed: string
}>

const probe = { ipv4: '169.254.7.127', ipv6: 'fd16:9254:7127:1337:ffff:ffff:ffff:ffff' }
const pod = '/run/netns/pod'
const run = (...[file = '', ...args]: string[]) => execFileSync(file, args, { encoding: 'utf8' })
const inPod = (...command: string[]) => run('ip', 'netns', 'exec', 'pod', ...command)

const programOf = (dnsCapture: boolean) =>
  iptablesProgram(
    ambientRules({
      dnsCapture,
      bypassInbound: false,
      rerouteInterfaces: [],
      ipv6: true,
      probeAddress: probe,
    }),
  )

async function withNamespaces<T>(work: (namespaces: NetworkNamespaces) => Promise<T>): Promise<T> {
  const namespaces = new NetworkNamespaces({ deadline: 60_000 })
  try {
    return await work(namespaces)
  } finally {
    await namespaces.close()
  }
}

const withoutNetfilter = await withNamespaces((namespaces) => namespaces.detectBackends())
writeFileSync('/proc/sys/kernel/modprobe', process.argv[2] ?? '')
run('ip', 'netns', 'add', 'pod')

const told: Told = await withNamespaces(async (namespaces) => {
  const program = programOf(false)
  const refused = await namespaces.applyRules(pod, programOf(true)).catch((error: unknown) => error)
  const applied = [await namespaces.applyRules(pod, program), await namespaces.applyRules(pod, program)]
  const host = new HostNetwork({ namespaces, hostNetns: '/proc/self/ns/net', backend: 'iptables' })
  const hostSide = hostProgram(hostRules({ ipv6: true }), 'iptables')
  const onHost = await host.applyRules(hostSide).catch((error: unknown) => String(error))
  return {
    withoutNetfilter,
    backends: await namespaces.detectBackends(),
    refused: String(refused),
    applied,
    differences: await namespaces.verifyRules(pod, program),
    rules: inPod('iptables-legacy-save'),
    routes: inPod('ip', 'rule') + inPod('ip', 'route', 'show', 'table', '100'),
    onHost,
    removed: await namespaces.removeRules(pod).then(() => inPod('iptables-legacy-save')),
  }
})
process.stdout.write(`${JSON.stringify(told)}\n`)

const packages = join(import.meta.dirname, '../../packages/runtime/node_modules')
const {
  default: koffi,
}: { default: { load(library: null): { func(declaration: string): (how: number) => number } } } =
  await import(pathToFileURL(join(packages, 'koffi', 'index.js')).href)
/** <linux/reboot.h>: LINUX_REBOOT_CMD_POWER_OFF */
koffi.load(null).func('int reboot(int how)')(0x4321fedc)
