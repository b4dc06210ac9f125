import { compatibilityVersions } from '../layers/compatibility-versions.ts'
import { platforms } from '../layers/platforms.ts'
import { profiles } from '../layers/profiles.ts'
import { value } from './row.ts'
import { oneOf } from './scalars.ts'

/** What may stand at the root or under `global`. */
export const choices = {
  profile: value(oneOf('', ...namesOf(profiles)), '', "Istio's installation profile."),
  platform: value(
    oneOf('', ...namesOf(platforms)),
    '',
    'Distribution of Kubernetes, for directories and other needs of its nodes.',
  ),
}

export const compatibility = {
  compatibilityVersion: value(
    oneOf('', ...namesOf(compatibilityVersions)),
    '',
    'Release of Istio whose defaults are wanted where later ones differ, in quotes.',
  ),
}

function namesOf<Name extends string>(layers: Readonly<Record<Name, unknown>>): Name[] {
  return Object.keys(layers) as Name[]
}
