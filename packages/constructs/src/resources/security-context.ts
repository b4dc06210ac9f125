import { AGENT_CAPABILITIES, type AgentCapability } from '@istio-install-cni/config-schema'
import { comment, type Expression, equals, not, overlay, value, when } from '../expressions/index.ts'

const privileged = value('privileged')
const seccompType = value('seccompProfile.type')
const localhostProfile = value('seccompProfile.localhostProfile')

/** A container that looks into the node's directories needs a type that may. */
export const seLinuxOptions = when(
  value('seLinuxOptions'),
  overlay({ type: 'spc_t' }, value('seLinuxOptions')),
)

const capability = <const Name extends AgentCapability>(name: Name) =>
  comment(AGENT_CAPABILITIES[name].purpose, name)

/** The least that the enabled features work with, or everything (`privileged`). */
export const securityContext = {
  privileged,
  runAsUser: value('runAsUser'),
  runAsGroup: value('runAsGroup'),
  runAsNonRoot: not(equals(value('runAsUser'), 0)),
  readOnlyRootFilesystem: value('readOnlyRootFilesystem'),
  capabilities: when(not(privileged), {
    drop: ['ALL'],
    add: [
      capability('NET_ADMIN'),
      when(not(value('global.nativeNftables')), capability('NET_RAW')),
      capability('SYS_PTRACE'),
      capability('SYS_ADMIN'),
      capability('DAC_OVERRIDE'),
    ],
  }),
  seccompProfile: when(seccompType, {
    // Looked at only where it is not empty.
    type: seccompType as Expression<string>,
    localhostProfile: when(localhostProfile, localhostProfile),
  }),
  seLinuxOptions,
  // From Kubernetes 1.30 on; before, it is an annotation of the pod.
  appArmorProfile: when(not(value('useAppArmorAnnotation')), { type: 'Unconfined' }),
}
