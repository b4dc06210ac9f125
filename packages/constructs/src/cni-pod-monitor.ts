import type { Construct } from 'constructs'
import { CniPart, partProps } from './cni-part.ts'
import type { CommonProps } from './props.ts'
import { podMonitor } from './resources/pod-monitor.ts'

export interface CniPodMonitorProps extends CommonProps {
  /**
   * How often metrics are read, as Prometheus writes it.
   *
   * @default '15s'
   */
  readonly interval?: string | undefined
  /**
   * Labels by which a Prometheus finds it.
   *
   * @default - none
   */
  readonly labels?: Readonly<Record<string, string>> | undefined
}

/**
 * A PodMonitor of the Prometheus operator for the agents' metrics. Within {@link IstioCni}, use its prop `podMonitor`.
 */
export class CniPodMonitor extends CniPart {
  /**
   * @param props without any, within an {@link IstioCni}, its props decide whether there is one
   * @throws {PropsError} with everything that is wrong with the props
   */
  constructor(scope: Construct, id: string, props?: CniPodMonitorProps) {
    const own = partProps(scope, props)
    super(scope, id, own && enabled(own), { 'pod-monitor': podMonitor() })
  }
}

function enabled({ interval, labels, ...common }: CniPodMonitorProps) {
  return { ...common, podMonitor: { enabled: true, interval, labels } }
}
