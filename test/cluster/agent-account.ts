// What the agent may do in the cluster: its namespace, its account, and no more rights than it needs.
export const agentNamespace = 'istio-system'
export const agentAccount = 'istio-cni'

const reading = ['get', 'list', 'watch']

export const accountObjects: readonly object[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: agentNamespace } },
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: agentAccount, namespace: agentNamespace } },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: agentAccount },
    rules: [
      { apiGroups: [''], resources: ['pods', 'namespaces'], verbs: reading },
      { apiGroups: [''], resources: ['nodes'], verbs: ['get'] },
      { apiGroups: ['apps'], resources: ['daemonsets'], verbs: ['get'] },
      { apiGroups: ['', 'events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
      { apiGroups: [''], resources: ['pods/status'], verbs: ['patch'] },
    ],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: agentAccount, namespace: agentNamespace },
    rules: [
      {
        apiGroups: [''],
        resources: ['serviceaccounts/token'],
        resourceNames: [agentAccount],
        verbs: ['create'],
      },
    ],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: agentAccount, namespace: agentNamespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: agentAccount },
    subjects: [{ kind: 'ServiceAccount', name: agentAccount, namespace: agentNamespace }],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: agentAccount },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: agentAccount },
    subjects: [{ kind: 'ServiceAccount', name: agentAccount, namespace: agentNamespace }],
  },
]
