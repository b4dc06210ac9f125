/** Nothing tells which IP families the pod uses, so its rules can't be chosen. */
export class NoAddressError extends Error {
  override readonly name = 'NoAddressError'
  readonly code = 'NO_POD_ADDRESS'
  readonly addresses: readonly string[]

  constructor(addresses: readonly string[]) {
    const given = addresses.length === 0 ? 'none at all' : addresses.slice(0, 16).join(', ')
    super(
      `the pod has no address besides loopback and link-local ones (it has ${given}); give it one before redirecting it`,
    )
    this.addresses = addresses
  }
}
