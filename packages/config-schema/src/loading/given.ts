/** Text that the user gave for a setting, and where. */
export interface Given {
  /** As the user wrote it: `CNI_NET_DIR`, `--cni-net-dir-file`. */
  readonly name: string
  readonly text: string
}

/** Where a setting can be given directly, or by naming a file that holds it. */
export interface Occurrences {
  readonly direct: Given | undefined
  readonly file: Given | undefined
}
