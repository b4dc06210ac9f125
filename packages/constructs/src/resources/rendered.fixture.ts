import { ISTIO_VERSION, parseValues, resolveValues, type ValuesInput } from '@istio-install-cni/config-schema'
import { evaluate, type Template, type TemplateContext } from '../expressions/index.ts'
import { isEmpty } from '../expressions/truth.ts'
import type { Resource } from './resource.ts'

/** For tests: as a release of Helm renders it. */
export function contextOf(values: ValuesInput = {}): TemplateContext {
  return {
    values: resolveValues(parseValues(values)),
    release: { name: 'istio-cni', namespace: 'istio-system', service: 'Helm', revision: 1 },
    chart: { name: 'cni', version: ISTIO_VERSION, appVersion: ISTIO_VERSION },
  }
}

/** For tests: the manifest with these values; undefined if there is no such object. */
export function rendered<Manifest>(
  { condition, template }: Resource,
  values: ValuesInput = {},
  context = contextOf(values),
): Manifest | undefined {
  if (condition !== undefined && isEmpty(evaluate(condition, context))) return undefined
  return evaluate<object>(template as Template<object>, context) as Manifest
}
