import { choices, compatibility } from './choices.ts'
import { conditions, foreign, foreignGlobals } from './foreign.ts'
import { global } from './global.ts'
import { ownMembers } from './model.ts'
import { section } from './row.ts'

/** Everything that may be written, where it may be written. */
export const written = {
  ...ownMembers,
  ...choices,
  ...compatibility,
  cni: section(
    'The same values again, as istioctl and the guide write them; they go before those at the root.',
    {
      ...ownMembers,
      ...conditions,
    },
  ),
  global: section(global.description, { ...global.members, ...choices, ...foreignGlobals }),
  ...conditions,
  ...foreign,
}
