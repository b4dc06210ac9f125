import { ambient } from './ambient.ts'
import { global } from './global.ts'
import { image } from './image.ts'
import { node } from './node.ts'
import { observability } from './observability.ts'
import { environmentOfAgent, metadata, scheduling, security } from './pod.ts'
import { repair } from './repair.ts'
import { withoutEffect } from './without-effect.ts'

/** The chapters of the reference, in its order. */
export const valueGroups = [
  { title: 'Image', members: image },
  { title: 'The node', members: node },
  { title: 'Ambient mode', members: { ambient } },
  { title: 'Repair', members: { repair } },
  { title: 'Security', members: security },
  { title: 'Scheduling', members: scheduling },
  { title: 'Names and labels', members: metadata },
  { title: 'Logs, health and metrics', members: observability },
  { title: 'Other settings of the agent', members: environmentOfAgent },
  { title: 'Shared with other charts of Istio', members: { global } },
  { title: 'Accepted without effect', members: withoutEffect },
] as const

/** Values at the root, which may also stand under `cni`. */
export const ownMembers = {
  ...image,
  ...node,
  ambient,
  repair,
  ...security,
  ...scheduling,
  ...metadata,
  ...observability,
  ...environmentOfAgent,
  ...withoutEffect,
}

/** All values that the chart's templates see. */
export const model = { ...ownMembers, global }
