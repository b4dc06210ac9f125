import type { Construct } from 'constructs'
import { CniPart } from './cni-part.ts'
import type { IstioCniProps } from './props.ts'
import { configMap } from './resources/config-map.ts'

/** The ConfigMap by which the agent is configured. */
export class CniConfig extends CniPart {
  /** @throws {PropsError} with everything that is wrong with the props */
  constructor(scope: Construct, id: string, props?: IstioCniProps) {
    super(scope, id, props, { 'config-map': configMap() })
  }
}
