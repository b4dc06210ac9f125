/** An address range. `text` is canonical: host bits cleared, IPv6 compressed, prefix length always present. */
export type Cidr = Readonly<{ family: 4 | 6; text: string; bits: number }>
