/** What is new in this version of the chart, for Artifact Hub; whoever makes a release begins a new list. */
export const changes = [
  {
    kind: 'added',
    description: 'The chart of the hardened image, with the values and names of the original chart',
  },
  { kind: 'added', description: 'Values are checked by a schema, which names the keys that there are' },
  { kind: 'added', description: 'Platforms kind, eks, aks, k0s, rke2, talos, bottlerocket and cos' },
  { kind: 'security', description: 'Only the capabilities and rights that the enabled features need' },
  { kind: 'fixed', description: "What a user writes goes before every profile's values, wherever it stands" },
  { kind: 'fixed', description: 'istioOwnedCNIConfigFileName reaches the agent' },
] as const
