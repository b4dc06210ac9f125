// In which order objects are created: what others name comes first, the pods last.

/** What limits pods, whom they run as, what that account may do, what they read, and the pods. */
const ORDER: readonly string[] = [
  'NetworkPolicy',
  'ResourceQuota',
  'ServiceAccount',
  'Secret',
  'ConfigMap',
  'ClusterRole',
  'ClusterRoleBinding',
  'Role',
  'RoleBinding',
  'NetworkAttachmentDefinition',
  'DaemonSet',
  'PodMonitor',
]

/**
 * The objects in that order; those of one kind stay as they are.
 * @throws for a kind that has no place in it
 */
export function inOrder<Object extends { readonly kind: string }>(objects: readonly Object[]): Object[] {
  const stranger = objects.find(({ kind }) => !ORDER.includes(kind))
  if (stranger !== undefined) throw new Error(`${stranger.kind} has no place in the order of the manifests`)
  return [...objects].sort((one, other) => ORDER.indexOf(one.kind) - ORDER.indexOf(other.kind))
}
