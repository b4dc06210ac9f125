import { AGENT_CAPABILITIES } from '@istio-install-cni/config-schema'

/**
 * The launcher's file capabilities, as setcap(8) takes them: the agent's, and the one by which it takes all others out of
 * the bounding set. Permitted alone: as effective ones, too, a container without one of them could not execute the file.
 */
export function fileCapabilities(): string {
  const names = [...Object.keys(AGENT_CAPABILITIES), 'SETPCAP'].map((name) => `cap_${name.toLowerCase()}`)
  return `${names.join(',')}=p`
}
