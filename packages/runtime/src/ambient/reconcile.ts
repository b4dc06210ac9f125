import { ANNOTATION } from '@istio-install-cni/config-schema'
import type { Pod } from '../mesh/pod.ts'

/** What should be, as far as it can be told now. */
export type Desired =
  | Readonly<{ kind: 'enrolled'; pod: Pod }>
  | Readonly<{ kind: 'outside'; pod: Pod; because: string }>
  /** The API server cannot be asked: what is must stay as it is. */
  | Readonly<{ kind: 'unknown'; why: string; pod?: Pod }>
  /** Deleted; `pod` is what was last known of it. */
  | Readonly<{ kind: 'gone'; pod: Pod | undefined }>

/** What is, as far as this agent knows. */
export type Actual = Readonly<{
  /** The agent holds its namespace. */
  isHeld: boolean
  /** The runtime has deleted its sandbox; only an ADD brings it back. */
  isSandboxGone: boolean
}>

export type Step =
  | Readonly<{ kind: 'none'; because: string }>
  /** Find the running pod's namespace and enrol it. */
  | Readonly<{ kind: 'enrol'; pod: Pod }>
  | Readonly<{ kind: 'verify'; pod: Pod }>
  /** `rules`: whether its namespace is still in use and has to be cleaned. */
  | Readonly<{
      kind: 'leave'
      pod: Pod | undefined
      rules: 'remove' | 'ignore'
      because: 'deleted' | 'ended' | 'unlabelled'
    }>
  /** An earlier agent enrolled it, and it does not belong there any more. */
  | Readonly<{ kind: 'take-out'; pod: Pod }>
  /** What an earlier agent may have left outside of the pod of one that has ended. */
  | Readonly<{ kind: 'clean'; pod: Pod; because: 'deleted' | 'ended' }>
  /** Nothing is left but the annotation. */
  | Readonly<{ kind: 'unmark'; pod: Pod }>

/** The one step that brings a pod nearer to where it should be. */
export function stepFor(desired: Desired, { isHeld, isSandboxGone }: Actual): Step {
  switch (desired.kind) {
    case 'unknown':
      return isHeld && desired.pod !== undefined && !isEnded(desired.pod)
        ? { kind: 'verify', pod: desired.pod }
        : { kind: 'none', because: desired.why }
    case 'gone':
      if (isHeld) return { kind: 'leave', pod: undefined, rules: 'ignore', because: 'deleted' }
      return desired.pod !== undefined && isMarked(desired.pod) && !isSandboxGone
        ? { kind: 'clean', pod: desired.pod, because: 'deleted' }
        : { kind: 'none', because: 'it was not in the mesh' }
    case 'enrolled':
      if (isHeld) return { kind: 'verify', pod: desired.pod }
      if (isSandboxGone) return { kind: 'none', because: 'its sandbox is gone' }
      // Before it has addresses it has no sandbox either, or one whose ADD is under way.
      return desired.pod.ips.length > 0 || isUncompleted(desired.pod)
        ? { kind: 'enrol', pod: desired.pod }
        : { kind: 'none', because: 'it has no address yet' }
    case 'outside':
      return stepOutside(desired.pod, desired.because, { isHeld, isSandboxGone })
  }
}

function stepOutside(pod: Pod, because: string, { isHeld, isSandboxGone }: Actual): Step {
  const hasEnded = isEnded(pod)
  if (isHeld) {
    return hasEnded
      ? { kind: 'leave', pod, rules: 'ignore', because: 'ended' }
      : { kind: 'leave', pod, rules: 'remove', because: 'unlabelled' }
  }
  if (!isMarked(pod)) return { kind: 'none', because }
  if (isSandboxGone) return { kind: 'unmark', pod }
  // Removing rules of ours removes those of a sidecar too.
  const hasNoAmbientRules = pod.hostNetwork || ANNOTATION.status in pod.annotations
  return hasEnded || hasNoAmbientRules ? { kind: 'clean', pod, because: 'ended' } : { kind: 'take-out', pod }
}

export const isEnded = ({ phase }: Pod): boolean => phase === 'Succeeded' || phase === 'Failed'

/** Of a manifest to which nobody adds what becomes of the pod: only its processes tell whether it runs. */
export const isUncompleted = ({ phase, ips }: Pod): boolean => phase === undefined && ips.length === 0

/** An agent said that it enrolled the pod. A hint about where to look, never the truth. */
export const isMarked = (pod: Pod): boolean => markOf(pod) !== undefined

/** Other values are no agent's: with `disabled` users of early versions kept pods out of the mesh. */
export function markOf({ annotations }: Pod): 'enabled' | 'pending' | undefined {
  const value = annotations[ANNOTATION.ambientRedirection]
  return value === 'enabled' || value === 'pending' ? value : undefined
}
