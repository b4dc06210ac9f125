import { type ConfigMapEntry, configMapEntries, defaultValues } from '@istio-install-cni/config-schema'
import { k8s } from 'cdk8s-plus-28'
import {
  asText,
  asYaml,
  digest,
  type Expression,
  equals,
  join,
  not,
  overlay,
  releaseNamespace,
  type ValuePath,
  value,
  when,
} from '../expressions/index.ts'
import { tag } from './image.ts'
import { appLabels } from './labels.ts'
import { NAME } from './names.ts'
import type { TypedResource } from './resource.ts'
import { inNamespaceScope } from './scope.ts'

type Scalar = string | number | boolean

/** The agent's settings, as environment variables; which are there, and how, is a property of the settings. */
export function configMap(): TypedResource<k8s.KubeConfigMapProps> {
  return {
    file: 'configmap',
    ...k8s.KubeConfigMap.GVK,
    condition: inNamespaceScope,
    template: {
      metadata: { name: NAME.configMap, namespace: releaseNamespace, labels: appLabels },
      data: overlay<string>(Object.fromEntries(configMapEntries().map(item)), value('env'), { asText: true }),
    },
  }
}

/**
 * Changes when a setting does: the agent reads them only when it starts, so that its pods are replaced then.
 */
export const settingsDigest = digest(
  [
    ...new Set(
      configMapEntries()
        .filter(({ as }) => as !== 'version')
        .map(({ path }) => (path.startsWith('global.') ? path : path.replace(/\..*/, ''))),
    ),
  ]
    .map((path) => at(path))
    .concat(tag, value('env')),
)

function item(entry: ConfigMapEntry): [key: string, text: Expression<string | undefined>] {
  const { env, path, when: rule } = entry
  if (rule === 'always') return [env, textOf(entry)]
  if (rule === 'filled') return [env, when(at(path), textOf(entry))]
  if (rule === 'changed') return [env, when(not(equals(at<Scalar>(path), defaultAt(path))), textOf(entry))]
  return [env, when(at(rule.ifTrue), textOf(entry))]
}

function textOf({ path, as }: ConfigMapEntry): Expression<string> {
  switch (as) {
    case 'version':
      return tag
    case 'list':
      return join(at<readonly string[]>(path), ',')
    case 'yaml':
      return asYaml(at(path))
    case 'text':
      return asText(at<Scalar>(path))
  }
}

/** The table's paths are names of values, which a test makes sure of. */
function at<Value>(path: string): Expression<Value> {
  return value(path as ValuePath) as Expression<Value>
}

function defaultAt(path: string): Scalar {
  const found = path
    .split('.')
    .reduce<unknown>((parent, key) => (parent as Record<string, unknown>)[key], defaultValues)
  return found as Scalar
}
