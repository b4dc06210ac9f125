import { k8s } from 'cdk8s-plus-28'
import { all, comment, releaseNamespace, value, when } from '../expressions/index.ts'
import { subjects } from './cluster-role-binding.ts'
import { appLabels } from './labels.ts'
import { NAME } from './names.ts'
import type { TypedResource } from './resource.ts'
import { inNamespaceScope } from './scope.ts'

const metadata = { name: NAME.role, namespace: releaseNamespace, labels: appLabels }

/** What agent and plugin need in their own namespace only. */
export function role(): TypedResource<k8s.KubeRoleProps> {
  return {
    file: 'role',
    ...k8s.KubeRole.GVK,
    condition: inNamespaceScope,
    template: {
      metadata,
      rules: [
        comment('Whether a stop is an uninstallation; for the plugin, whether the agent will come back.', {
          apiGroups: ['apps'],
          resources: ['daemonsets'],
          resourceNames: [NAME.daemonSet],
          verbs: ['get'],
        }),
        when(
          all(value('hostCredentials'), value('hostTokenSeconds')),
          comment("A token of its own account for the node's kubeconfig, which outlives the agent's pod.", {
            apiGroups: [''],
            resources: ['serviceaccounts/token'],
            resourceNames: [NAME.serviceAccount],
            verbs: ['create'],
          }),
        ),
      ],
    },
  }
}

export function roleBinding(): TypedResource<k8s.KubeRoleBindingProps> {
  return {
    file: 'rolebinding',
    ...k8s.KubeRoleBinding.GVK,
    condition: inNamespaceScope,
    template: {
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: NAME.role },
      subjects,
    },
  }
}
