import { k8s } from 'cdk8s-plus-28'
import { all, any, comment, equals, not, value, when } from '../expressions/index.ts'
import { appLabels } from './labels.ts'
import { NAME } from './names.ts'
import type { TypedResource } from './resource.ts'
import { inClusterScope } from './scope.ts'

const core = { apiGroups: [''] }

/** What agent and plugin need in the whole cluster, in every mode. */
export function clusterRole(): TypedResource<k8s.KubeClusterRoleProps> {
  return {
    file: 'clusterrole',
    ...k8s.KubeClusterRole.GVK,
    condition: inClusterScope,
    template: {
      metadata: { name: NAME.clusterRole, labels: appLabels },
      rules: [
        comment('Which pods of the node are in the mesh, and how.', {
          ...core,
          resources: ['pods'],
          verbs: ['get', 'list', 'watch'],
        }),
        comment('What kubectl describe shows of a pod that could not be redirected.', {
          ...core,
          resources: ['events'],
          verbs: ['create', 'patch'],
        }),
        comment('Whether the DaemonSet still selects the node.', {
          ...core,
          resources: ['nodes'],
          verbs: ['get'],
        }),
        when(
          equals(value('platform'), 'openshift'),
          comment('Directories of the node, its network, and capabilities.', {
            apiGroups: ['security.openshift.io'],
            resources: ['securitycontextconstraints'],
            resourceNames: ['privileged'],
            verbs: ['use'],
          }),
        ),
      ],
    },
  }
}

/** For the repair of pods that started before the plugin was there. */
export function repairClusterRole(): TypedResource<k8s.KubeClusterRoleProps> {
  const { enabled, repairs, deletes, labels } = repair
  return {
    file: 'clusterrole-repair',
    ...k8s.KubeClusterRole.GVK,
    condition: all(inClusterScope, enabled),
    template: {
      metadata: { name: NAME.repairRole, labels: appLabels },
      rules: [
        { ...core, resources: ['events'], verbs: ['create', 'patch'] },
        { ...core, resources: ['pods'], verbs: ['watch', 'get', 'list'] },
        // Repairing goes before deleting, which goes before labelling.
        when(all(not(repairs), deletes), { ...core, resources: ['pods'], verbs: ['delete'] }),
        when(
          all(not(any(repairs, deletes)), labels),
          comment('Less than the right on pods, and enough for a label.', {
            ...core,
            resources: ['pods/status'],
            verbs: ['patch', 'update'],
          }),
        ),
      ],
    },
  }
}

const repair = {
  enabled: value('repair.enabled'),
  repairs: value('repair.repairPods'),
  deletes: value('repair.deletePods'),
  labels: value('repair.labelPods'),
}

/** For ambient mode. */
export function ambientClusterRole(): TypedResource<k8s.KubeClusterRoleProps> {
  return {
    file: 'clusterrole-ambient',
    ...k8s.KubeClusterRole.GVK,
    condition: all(inClusterScope, value('ambient.enabled')),
    template: {
      metadata: { name: NAME.ambientRole, labels: appLabels },
      rules: [
        comment('The annotation that says whether a pod is redirected; less than the right on pods.', {
          ...core,
          resources: ['pods/status'],
          verbs: ['patch'],
        }),
        comment("The labels of the pods' namespaces.", {
          ...core,
          resources: ['namespaces'],
          verbs: ['get', 'list', 'watch'],
        }),
      ],
    },
  }
}
