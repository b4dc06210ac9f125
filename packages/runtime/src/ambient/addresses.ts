import { hostAddress } from '../netns/host-addresses.ts'

/** In the spelling of the probe sets, each once; what is no address of a pod is left out. */
export function podAddresses(addresses: readonly string[]): readonly string[] {
  const usable = addresses.flatMap((address) => {
    try {
      const { text } = hostAddress(address)
      return isOfPod(text) ? [text] : []
    } catch {
      return []
    }
  })
  return [...new Set(usable)]
}

/** Without IPv6 there is no set for its addresses: they are not missing. */
export const withinFamilies = (
  addresses: readonly string[],
  { ambientIpv6 }: Readonly<{ ambientIpv6: boolean }>,
): readonly string[] => addresses.filter((address) => ambientIpv6 || !address.includes(':'))

/** A namespace's own list has loopback and link-local addresses, which all pods have in common. */
function isOfPod(address: string): boolean {
  return !/^(127\.|169\.254\.|::1?$|fe[89ab])/.test(address)
}
