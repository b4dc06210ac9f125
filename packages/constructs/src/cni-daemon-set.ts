import type { Construct } from 'constructs'
import { CniPart } from './cni-part.ts'
import type { IstioCniProps } from './props.ts'
import { daemonSet } from './resources/daemon-set.ts'

/** The DaemonSet of the agent. It needs {@link CniConfig} and {@link CniRbac}, made with the same props. */
export class CniDaemonSet extends CniPart {
  /** @throws {PropsError} with everything that is wrong with the props */
  constructor(scope: Construct, id: string, props?: IstioCniProps) {
    super(scope, id, props, { 'daemon-set': daemonSet() })
  }
}
