/** Everything that has to be done in one network namespace, as data: what `netns/` applies, verifies, removes. */
export type KernelProgram = NftProgram | IptablesProgram

export type NftProgram = Readonly<{
  backend: 'nft'
  /** Text for libnftables: only `table inet … { … }` blocks, to be applied in one transaction. */
  nft: string
  /** The tables that the text declares and that are wholly ours, each as `"inet istio-proxy-nat"`. */
  tables: readonly string[]
  system: SystemChanges
  isIpv6Optional?: true
}>

export type IptablesProgram = Readonly<{
  backend: 'iptables'
  /**
   * Input for `iptables-restore --noflush` and `ip6tables-restore --noflush`; a family without a text gets no
   * rules. It expects a namespace without rules of ours: it declares our chains and appends.
   */
  restore: Readonly<{ ipv4?: string; ipv6?: string }>
  system: SystemChanges
  isIpv6Optional?: true
}>

/** What a redirection needs besides packet rules. Lists are empty when nothing is needed. */
export type SystemChanges = Readonly<{
  /** `ip rule add fwmark <mark>[/<mask>] [priority <priority>] lookup <table>` with `ip route add local default dev lo table <table>`. */
  policyRoutes: readonly PolicyRoute[]
  /** Addresses with prefix length, such as `"::6/128"`, to be added to `lo`. */
  loopbackAddresses: readonly string[]
}>

/** Without a mask the whole mark counts; without a priority the kernel chooses one before all others. */
export type PolicyRoute = Readonly<{
  family: 4 | 6
  mark: number
  mask?: number
  priority?: number
  table: number
}>
