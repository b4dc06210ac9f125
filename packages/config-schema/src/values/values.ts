import type { PlatformName } from './layers/platforms.ts'
import type { model, ownMembers } from './model/model.ts'
import type { Resolved, Written } from './model/row.ts'
import type { written } from './model/written.ts'

/** Everything that the chart's templates see: defaults, profile, platform and the user's values, merged. */
export interface Values extends Omit<Resolved<typeof model>, 'global' | 'imagePullSecrets' | 'tag'> {
  /** As text, however it was given. */
  readonly tag: string
  readonly global: Omit<Resolved<typeof model>['global'], 'tag'> & { readonly tag: string }
  /** Names of secrets, of all places where they may be given. */
  readonly imagePullSecrets: readonly string[]
  /** Empty: none was named. */
  readonly platform: PlatformName | ''
}

/** The agent's values, which may stand at the root or under `cni`. */
export interface OwnValuesInput extends Written<typeof ownMembers> {}

/** What a user may write: any part of the values, at the root or under `cni`, which goes before the root. */
export interface ValuesInput extends Written<typeof written> {}
