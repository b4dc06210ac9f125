import { PLUGIN_HEADER } from '@istio-install-cni/config-schema'
import type { AgentQuestion } from './agent.ts'
import type { Environment } from './environment.ts'
import type { PodArguments } from './pod-arguments.ts'
import type { PodAddress, PreviousResult } from './previous-result.ts'

/** A question about one pod. The body is the original's to the byte; what we add travels as headers. */
export function podQuestion(
  path: string,
  pod: PodArguments,
  environment: Environment,
  previous: PreviousResult | undefined,
): AgentQuestion {
  const addresses = previous?.addresses ?? []
  return {
    path,
    headers: {
      [PLUGIN_HEADER.containerId]: environment.containerId,
      [PLUGIN_HEADER.interfaceName]: environment.interfaceName,
      ...(pod.uid === '' ? {} : { [PLUGIN_HEADER.podUid]: pod.uid }),
    },
    body: JSON.stringify({
      Netns: environment.netns,
      PodName: pod.name,
      PodNamespace: pod.namespace,
      // Go prints an empty list that was never made as null.
      IPs: addresses.length === 0 ? null : addresses.map(wireAddress),
    }),
  }
}

function wireAddress({ interface: index, network, gateway }: PodAddress): object {
  return { Interface: index, Address: { IP: network.ip, Mask: network.mask }, Gateway: gateway }
}
