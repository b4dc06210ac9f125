import { k8s } from 'cdk8s-plus-28'
import { each, releaseNamespace, value, when } from '../expressions/index.ts'
import { appLabels } from './labels.ts'
import { NAME } from './names.ts'
import type { TypedResource } from './resource.ts'
import { inNamespaceScope } from './scope.ts'

/** The account of agent and plugin. */
export function serviceAccount(): TypedResource<k8s.KubeServiceAccountProps> {
  return {
    file: 'serviceaccount',
    ...k8s.KubeServiceAccount.GVK,
    condition: inNamespaceScope,
    template: {
      metadata: {
        name: NAME.serviceAccount,
        namespace: releaseNamespace,
        labels: appLabels,
        annotations: when(value('serviceAccountAnnotations'), value('serviceAccountAnnotations')),
      },
      imagePullSecrets: pullSecrets,
    },
  }
}

/** The pull secrets, by name. */
export const pullSecrets = [each(value('imagePullSecrets'), (name) => ({ name }))]
