import type { AmbientRedirection } from '../mesh/ambient-redirection.ts'
import { ambientRules } from '../rules/ambient.ts'
import { iptablesProgram } from '../rules/iptables.ts'
import { nftProgram } from '../rules/nft.ts'
import type { KernelProgram } from '../rules/program.ts'
import type { Backend } from './ports.ts'

/** What has to be in an ambient pod's namespace, for the back-end that is at work there. */
export function ambientProgram(redirection: AmbientRedirection, backend: Backend): KernelProgram {
  const rules = ambientRules(redirection)
  return backend === 'nft' ? nftProgram(rules) : iptablesProgram(rules)
}
