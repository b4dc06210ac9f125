/** Arguments of unshare(1) for a program whose network, mounts and processes end with it and touch nothing outside. */
export const ownNamespaces = [
  '--mount',
  '--net',
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
  '--propagation',
  'private',
]
