import { all, any, value } from '../expressions/index.ts'

/** Does the agent's pod share the node's network? */
export const sharesHostNetwork = any(
  value('hostNetwork'),
  all(value('ambient.enabled'), value('ambient.shareHostNetworkNamespace')),
)
