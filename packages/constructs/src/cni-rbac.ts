import * as kplus from 'cdk8s-plus-28'
import type { Construct } from 'constructs'
import { CniPart } from './cni-part.ts'
import type { IstioCniProps } from './props.ts'
import { ambientClusterRole, clusterRole, repairClusterRole } from './resources/cluster-role.ts'
import {
  ambientClusterRoleBinding,
  clusterRoleBinding,
  repairClusterRoleBinding,
} from './resources/cluster-role-binding.ts'
import { NAME } from './resources/names.ts'
import { role, roleBinding } from './resources/role.ts'
import { serviceAccount } from './resources/service-account.ts'

/** The agent's ServiceAccount, and exactly the rights that the enabled features use. */
export class CniRbac extends CniPart {
  /** The account, for `addToRole` and the like of cdk8s-plus. */
  readonly serviceAccount: kplus.IServiceAccount

  /** @throws {PropsError} with everything that is wrong with the props */
  constructor(scope: Construct, id: string, props?: IstioCniProps) {
    super(scope, id, props, {
      'service-account': serviceAccount(),
      'cluster-role': clusterRole(),
      'cluster-role-repair': repairClusterRole(),
      'cluster-role-ambient': ambientClusterRole(),
      'cluster-role-binding': clusterRoleBinding(),
      'cluster-role-binding-repair': repairClusterRoleBinding(),
      'cluster-role-binding-ambient': ambientClusterRoleBinding(),
      role: role(),
      'role-binding': roleBinding(),
    })
    this.serviceAccount = kplus.ServiceAccount.fromServiceAccountName(this, 'account', NAME.serviceAccount, {
      namespaceName: this.namespace,
    })
  }
}
