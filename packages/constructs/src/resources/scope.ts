import { isOneOf, value } from '../expressions/index.ts'

/** An installation may be split: what is cluster-wide by an administrator, the rest by whoever owns the namespace. */
export const inClusterScope = isOneOf(value('global.resourceScope'), ['all', 'cluster'])
export const inNamespaceScope = isOneOf(value('global.resourceScope'), ['all', 'namespace'])
