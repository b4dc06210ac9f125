import { command } from '../testbed/commands.ts'

/** Lines of everything that a redirection can change in a namespace, as the recordings write them. */
export type NamespaceState = Readonly<{
  iptables: Readonly<Record<string, readonly string[]>>
  ip6tables: Readonly<Record<string, readonly string[]>>
  nft: readonly string[]
  ipRule: readonly string[]
  ipRoute: readonly string[]
}>

let made = 0

/** A network namespace of the tests' own with `lo` up, removed by `await using`. */
export class ScratchNetwork implements AsyncDisposable {
  readonly name = `nst-${process.pid}-${++made}`
  readonly path = `/run/netns/${this.name}`

  static async create(setup = ''): Promise<ScratchNetwork> {
    const network = new ScratchNetwork()
    await command('ip', 'netns', 'add', network.name)
    await network.shell(`ip link set lo up\n${setup}`)
    return network
  }

  /** Runs a script inside, with `set -e`. */
  shell(script: string): Promise<string> {
    return command('ip', 'netns', 'exec', this.name, 'sh', '-ec', script)
  }

  async state(variant: 'nft' | 'legacy' = 'nft'): Promise<NamespaceState> {
    const printed = await this.shell(`
      iptables-${variant}-save; echo ----
      ip6tables-${variant}-save; echo ----
      nft -s list ruleset inet; echo ----
      ip rule; ip -6 rule; echo ----
      ip -4 route show table all; ip -6 route show table all`)
    const [ipv4 = '', ipv6 = '', nft = '', rules = '', routes = ''] = printed.split('----\n')
    return {
      iptables: tablesIn(ipv4),
      ip6tables: tablesIn(ipv6),
      nft: nft.split('\n').filter((line) => line !== ''),
      ipRule: linesIn(rules),
      ipRoute: linesIn(routes),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await command('ip', 'netns', 'del', this.name)
  }
}

const linesIn = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.replace(/\s+/g, ' ').trim())
    .filter((line) => line !== '')

/** As recorded: without counters, comments and tables in which nothing is. */
function tablesIn(save: string): Record<string, string[]> {
  return Object.fromEntries(
    save
      .split(/^\*/m)
      .slice(1)
      .flatMap((text) => {
        const [name = '', ...rest] = text.split('\n')
        const lines = rest
          .filter((line) => /^[:-]/.test(line))
          .map((line) => line.replace(/ \[\d+:\d+\]$/, ''))
        return lines.some((line) => line.startsWith('-') || line.endsWith(' -')) ? [[name, lines]] : []
      }),
  )
}
