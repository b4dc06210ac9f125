import type { Construct } from 'constructs'
import { CniPart } from './cni-part.ts'
import { testPod } from './resources/test-pod.ts'

/** The pod that `helm test` runs; there is none but in a release. */
export class CniNodeTest extends CniPart {
  constructor(scope: Construct, id: string) {
    super(scope, id, undefined, { pod: testPod() })
  }
}
