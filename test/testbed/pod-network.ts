import { command } from './commands.ts'

/** A network namespace under /run/netns. */
export interface PodNetwork {
  readonly name: string
  /** As a container runtime passes it in CNI_NETNS. */
  readonly path: string
  remove(): Promise<void>
}

export async function createNetwork(name: string): Promise<PodNetwork> {
  await command('ip', 'netns', 'add', name)
  await command('ip', '-n', name, 'link', 'set', 'lo', 'up')
  return {
    name,
    path: `/var/run/netns/${name}`,
    remove: async () => {
      await command('ip', 'netns', 'del', name)
    },
  }
}

/** Gives the namespace an interface that leads nowhere: what a plugin before ours would have made. */
export async function addInterface({ name }: PodNetwork, ifname: string, address: string): Promise<void> {
  await command('ip', '-n', name, 'link', 'add', ifname, 'type', 'veth', 'peer', 'name', 'other')
  await command('ip', '-n', name, 'addr', 'add', address, 'dev', ifname)
  for (const device of [ifname, 'other']) await command('ip', '-n', name, 'link', 'set', device, 'up')
}

/** An interface of the namespace, with what the node's end gets. Addresses have a prefix length. */
export interface Veth {
  readonly network: PodNetwork
  readonly ifname: string
  readonly addresses: readonly string[]
  readonly gateways: readonly string[]
}

/**
 * Joins the namespace to this process's network by a veth pair; routes everything to the gateways.
 * @returns the name of the end outside
 */
export async function connect({ network, ifname, addresses, gateways }: Veth): Promise<string> {
  const hostEnd = `v-${network.name}`.slice(0, 15)
  await command('ip', 'link', 'add', hostEnd, 'type', 'veth', 'peer', 'name', ifname, 'netns', network.name)
  await command('ip', 'link', 'set', hostEnd, 'up')
  await command('ip', '-n', network.name, 'link', 'set', ifname, 'up')
  for (const address of addresses)
    await command('ip', '-n', network.name, 'addr', 'add', address, 'dev', ifname, ...noDad(address))
  for (const gateway of gateways) {
    await command('ip', 'addr', 'add', gateway, 'dev', hostEnd, ...noDad(gateway))
    const [via = ''] = gateway.split('/')
    await command('ip', '-n', network.name, 'route', 'add', 'default', 'via', via)
  }
  return hostEnd
}

/** An IPv6 address is of use at once only without duplicate address detection. */
const noDad = (address: string): string[] => (address.includes(':') ? ['nodad'] : [])
