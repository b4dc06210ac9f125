import { existsSync } from 'node:fs'
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConfList, Sandbox } from '../../test/testbed/chain.ts'
import { connect } from '../../test/testbed/pod-network.ts'

/** Where distributions and Kubernetes installers put the reference plugins. */
const places = ['/opt/cni/bin', '/usr/lib/cni', '/usr/libexec/cni']

/** Plugins that other plugins execute. */
const helpers = ['host-local', 'dhcp', 'static', 'loopback']

/** Puts the machine's plugins into the node's directory. @returns those of the list that the machine lacks */
export async function missingPlugins(list: ConfList, binDir: string): Promise<string[]> {
  const missing: string[] = []
  for (const type of [...list.plugins.map((plugin) => plugin.type), ...helpers]) {
    const found = places.map((place) => join(place, type)).find((path) => existsSync(path))
    if (found !== undefined) await symlink(found, join(binDir, type)).catch(() => {})
    else if (!helpers.includes(type)) missing.push(type)
  }
  return missing
}

/** Stands for the first plugin of a list where the machine has none: a veth pair, and the result that tells of it. */
export async function provideVeth(
  sandbox: Sandbox,
  cniVersion: string,
  name: string,
  index: number,
): Promise<Record<string, unknown>> {
  const address = `10.88.${index + 1}.2/24`
  const gateway = `10.88.${index + 1}.1`
  const hostEnd = await connect({
    network: { name, path: sandbox.netns, remove: async () => {} },
    ifname: sandbox.ifname,
    addresses: [address],
    gateways: [`${gateway}/24`],
  })
  return {
    cniVersion,
    interfaces: [{ name: hostEnd }, { name: sandbox.ifname, sandbox: sandbox.netns }],
    ips: [{ version: '4', address, gateway, interface: 1 }],
    routes: [{ dst: '0.0.0.0/0', gw: gateway }],
  }
}
