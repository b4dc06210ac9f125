import { messageOf } from '../errors.ts'
import type { NetworkNamespaces } from '../netns/index.ts'

/** Tries the kernel and the tools once, and remembers why pods could not be redirected. */
export class BackendReadiness {
  #reasons: readonly string[] = ['the back-ends are being tested']

  constructor(namespaces: NetworkNamespaces, nativeNftables: boolean) {
    namespaces.detectBackends().then(
      ({ iptables, nft, reasons }) => {
        const works = nativeNftables ? nft : iptables !== undefined
        const what = nativeNftables ? 'nftables' : 'iptables'
        this.#reasons = works ? [] : [`${what} does not work here: ${reasons.join('; ')}`]
      },
      (error: unknown) => {
        this.#reasons = [`the back-ends could not be tested: ${messageOf(error)}`]
      },
    )
  }

  /** Empty when pods can be redirected. */
  unreadyReasons(): readonly string[] {
    return this.#reasons
  }
}
