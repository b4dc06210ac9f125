import type { CompatibilityVersion } from './layers/compatibility-versions.ts'
import type { PlatformName } from './layers/platforms.ts'
import type { ProfileName } from './layers/profiles.ts'
import type { ForeignGlobalKey, ForeignKey } from './model/foreign.ts'
import type { model, ownMembers } from './model/model.ts'
import type { Resolved, Written } from './model/row.ts'

/** Everything that the chart's templates see: defaults, profile, platform and the user's values, merged. */
export type Values = Omit<Resolved<typeof model>, 'imagePullSecrets'> & {
  /** Names of secrets, of all places where they may be given. */
  readonly imagePullSecrets: readonly string[]
  /** Empty: none was named. */
  readonly platform: PlatformName | ''
}

/** The agent's values, which may stand at the root or under `cni`. */
export type OwnValuesInput = Written<typeof ownMembers>

interface Choices {
  readonly profile?: ProfileName | '' | undefined
  readonly platform?: PlatformName | '' | undefined
}

/** What a user may write: any part of the values, at the root or under `cni`, which goes before the root. */
export interface ValuesInput extends OwnValuesInput, Choices, Foreign<ForeignKey> {
  readonly cni?: (OwnValuesInput & { readonly enabled?: unknown }) | undefined
  readonly global?: (Written<typeof model>['global'] & Choices & Foreign<ForeignGlobalKey>) | undefined
  /** Release whose defaults are wanted where later ones differ. */
  readonly compatibilityVersion?: CompatibilityVersion | '' | undefined
}

/** Values of Istio's other charts, which istioctl hands to every chart. */
type Foreign<Key extends string> = { readonly [Name in Key]?: unknown }
