import {
  affinity,
  annotations,
  environment,
  labels,
  resources,
  seccompProfile,
  seLinuxOptions,
  tolerations,
  updateStrategy,
} from './kubernetes.ts'
import { section, value } from './row.ts'
import { flag, integer, labelValue, objectName } from './scalars.ts'

/** Where the agent's pods run, and as what. */
export const scheduling = {
  affinity: value(affinity, {}, 'Affinity of the pods.'),
  nodeSelector: value(labels, {}, 'Labels that a node must have, besides `kubernetes.io/os: linux`.', {
    since: 'ours',
  }),
  tolerations: value(
    tolerations,
    [
      { effect: 'NoSchedule', operator: 'Exists' },
      { key: 'CriticalAddonsOnly', operator: 'Exists' },
      { effect: 'NoExecute', operator: 'Exists' },
    ],
    'Taints that do not keep the agent off a node. By default it runs on every node.',
  ),
  priorityClassName: value(objectName, 'system-node-critical', 'Priority class of the pods.', {
    since: 'ours',
  }),
  updateStrategy: value(
    updateStrategy,
    { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
    'How an upgrade replaces the pods.',
  ),
  terminationGracePeriodSeconds: value(
    integer(20, 3600),
    30,
    'Time that a pod has to leave its node in order.',
  ),
  resources: value(
    resources,
    { requests: { cpu: '100m', memory: '100Mi' } },
    'Requests and limits. Empty: `global.defaultResources`.',
  ),
  resourceQuotas: section('Quotas for critical pods.', {
    enabled: value(
      flag,
      false,
      'Create a ResourceQuota that admits pods of critical priority, which some platforms ask for outside of kube-system.',
    ),
    pods: value(integer(1, 1_000_000), 5000, 'How many pods that quota admits.'),
  }),
}

export const metadata = {
  daemonSetLabels: value(labels, {}, 'Labels of the DaemonSet.'),
  podLabels: value(labels, {}, 'Labels of the pods.'),
  podAnnotations: value(annotations, {}, 'Annotations of the pods.'),
  serviceAccountAnnotations: value(annotations, {}, 'Annotations of the service account.', { since: 'ours' }),
  revision: value(labelValue, '', 'Revision of the control plane, for the label `istio.io/rev`.'),
  ownerName: value(labelValue, '', 'Value of the label `install.operator.istio.io/owning-resource`.'),
}

export const security = {
  privileged: value(
    flag,
    false,
    'Run the container privileged instead of with the few capabilities that it needs.',
    { since: 'ours' },
  ),
  hostNetwork: value(
    flag,
    true,
    "Run the pods in their nodes' network namespace. Without it the agent enters that namespace for the rules that belong there.",
    { since: 'ours' },
  ),
  readOnlyRootFilesystem: value(flag, true, "Mount the container's own file system read-only.", {
    since: 'ours',
  }),
  runAsUser: value(
    integer(0, 2 ** 31 - 1),
    0,
    'User of the container. Others than 0 need an image whose entry point raises capabilities, such as the hardened one.',
    { since: 'ours' },
  ),
  runAsGroup: value(integer(0, 2 ** 31 - 1), 0, 'Group of the container.', { since: 'ours' }),
  seccompProfile: value(
    seccompProfile,
    { type: 'RuntimeDefault' },
    'Seccomp profile of the container. An empty type: none is asked for.',
  ),
  seLinuxOptions: value(
    seLinuxOptions,
    {},
    'SELinux context of the container. If anything is set, `type` is `spc_t` unless said. Platforms set it.',
  ),
  useAppArmorAnnotation: value(
    flag,
    true,
    'Ask for no AppArmor profile by annotation, as Kubernetes up to 1.29 needs it; `false`: by the field that followed it.',
  ),
}

export const environmentOfAgent = {
  env: value(
    environment,
    {},
    "Environment variables of the agent: every setting that has no value of its own, see the reference of settings. They win over the chart's.",
  ),
}
