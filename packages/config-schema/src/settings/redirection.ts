import { boolean } from '../kinds/boolean.ts'
import { oneOf } from '../kinds/one-of.ts'
import { setting } from './setting.ts'

/** How rules get into the kernel. */
export const redirection = [
  setting('NATIVE_NFTABLES', {
    kind: boolean,
    default: false,
    since: 'original',
    netconfKey: 'native_nftables',
    helmPath: 'global.nativeNftables',
    description: 'Program nftables directly instead of through iptables.',
  }),
  setting('FORCE_IPTABLES_BINARY', {
    kind: oneOf('', 'legacy', 'nft'),
    default: '',
    since: 'original',
    description:
      'Which of the two kinds of iptables to use; empty: the one that a trial shows to work. Without effect when `NATIVE_NFTABLES` is set.',
  }),
  setting('AMBIENT_USE_SCOPED_XTABLES_LOCKING', {
    kind: boolean,
    default: true,
    since: 'original',
    description: 'With iptables-legacy: take a lock per network namespace instead of one for the whole node.',
  }),
  setting('ALLOW_SWITCH_TO_HOST_NS', {
    kind: boolean,
    default: false,
    since: 'original',
    description:
      "The agent's pod has its own network namespace and may enter the node's for the rules that belong there.",
  }),
] as const
