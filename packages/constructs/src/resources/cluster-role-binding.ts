import { k8s } from 'cdk8s-plus-28'
import { all, type Condition, releaseNamespace, value } from '../expressions/index.ts'
import { appLabels, componentLabels } from './labels.ts'
import { NAME } from './names.ts'
import type { TypedResource } from './resource.ts'
import { inClusterScope } from './scope.ts'

type ClusterRoleBinding = TypedResource<k8s.KubeClusterRoleBindingProps>

/** The original labels the bindings of both optional roles so. */
const repairLabels = { 'k8s-app': 'istio-cni-repair', ...componentLabels }

export const subjects = [{ kind: 'ServiceAccount', name: NAME.serviceAccount, namespace: releaseNamespace }]

export function clusterRoleBinding(): ClusterRoleBinding {
  return binding('clusterrolebinding', NAME.clusterRole, NAME.clusterRole, appLabels, inClusterScope)
}

export function repairClusterRoleBinding(): ClusterRoleBinding {
  const condition = all(inClusterScope, value('repair.enabled'))
  return binding(
    'clusterrolebinding-repair',
    NAME.repairRoleBinding,
    NAME.repairRole,
    repairLabels,
    condition,
  )
}

export function ambientClusterRoleBinding(): ClusterRoleBinding {
  const condition = all(inClusterScope, value('ambient.enabled'))
  return binding('clusterrolebinding-ambient', NAME.ambientRole, NAME.ambientRole, repairLabels, condition)
}

function binding(
  file: string,
  name: string,
  role: string,
  labels: typeof appLabels | typeof repairLabels,
  condition: Condition,
): ClusterRoleBinding {
  return {
    file,
    ...k8s.KubeClusterRoleBinding.GVK,
    condition,
    template: {
      metadata: { name, labels },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects,
    },
  }
}
