import { AGENT_CAPABILITIES, IMAGE_AGENT_DIR, IMAGE_NODE } from '@istio-install-cni/config-schema'
import { nodeFlags } from '@istio-install-cni/runtime'

/** What the launcher executes, and the capabilities that it hands on, as the Rust file that it includes. */
export function launcherConstants(): string {
  const command = [IMAGE_NODE, ...nodeFlags, `${IMAGE_AGENT_DIR}/install-cni.mjs`]
  const numbers = Object.values(AGENT_CAPABILITIES).map(({ number }) => number)
  return [
    `const COMMAND: [&str; ${command.length}] = [${command.map((word) => JSON.stringify(word)).join(', ')}];`,
    `const CAPABILITIES: [u32; ${numbers.length}] = [${numbers.join(', ')}];`,
    '',
  ].join('\n')
}
