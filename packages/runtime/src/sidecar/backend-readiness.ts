import { messageOf } from '../errors.ts'
import type { NetworkNamespaces } from '../netns/index.ts'

const millisecondsBetweenTests = 5_000

/** Tries the kernel and the tools until the test itself succeeds, and remembers why pods could not be redirected. */
export class BackendReadiness {
  readonly #namespaces: Pick<NetworkNamespaces, 'detectBackends'>
  readonly #nativeNftables: boolean
  #reasons: readonly string[] = ['the back-ends are being tested']

  constructor(namespaces: Pick<NetworkNamespaces, 'detectBackends'>, nativeNftables: boolean) {
    this.#namespaces = namespaces
    this.#nativeNftables = nativeNftables
    void this.#test()
  }

  /** Empty when pods can be redirected. */
  unreadyReasons(): readonly string[] {
    return this.#reasons
  }

  async #test(): Promise<void> {
    try {
      const { iptables, nft, reasons } = await this.#namespaces.detectBackends()
      const works = this.#nativeNftables ? nft : iptables !== undefined
      const what = this.#nativeNftables ? 'nftables' : 'iptables'
      this.#reasons = works ? [] : [`${what} does not work here: ${reasons.join('; ')}`]
    } catch (error) {
      // A machine that boots may have been too busy; that says nothing about its kernel.
      this.#reasons = [`the back-ends could not be tested: ${messageOf(error)}`]
      setTimeout(() => void this.#test(), millisecondsBetweenTests).unref()
    }
  }
}
