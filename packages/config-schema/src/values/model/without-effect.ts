import * as v from 'valibot'
import { value } from './row.ts'

const anything = v.unknown()

/** Values that manifests for the original may carry. */
export const withoutEffect = {
  logLevel: value(anything, '', 'An earlier name.', { effect: 'none', deprecated: 'logging.level' }),
  psp_cluster_role: value(anything, '', 'Pod security policies are no more.', { effect: 'none' }),
  resource_quotas: value(anything, {}, 'Another spelling, which the original does not read either.', {
    effect: 'none',
    deprecated: 'resourceQuotas',
  }),
  rollingMaxUnavailable: value(anything, '', 'An earlier name.', {
    effect: 'none',
    deprecated: 'updateStrategy.rollingUpdate.maxUnavailable',
  }),
}
