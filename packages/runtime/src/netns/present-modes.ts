/** Of which modes of the mesh rules are in a namespace: what only one of them has tells, be its rules whole or not. */
import { ourLinesOf, readPresent, type Toolbox } from './rule-sets.ts'

export type PresentModes = Readonly<{ ambient: boolean; sidecar: boolean }>

/** Listed tables and chains. Both modes have a chain ISTIO_OUTPUT. */
const traces = {
  ambient: /^(?:table inet istio-ambient-|:ISTIO_PRERT )/,
  sidecar: /^(?:table inet istio-proxy-|:ISTIO_(?!PRERT |OUTPUT ))/,
} as const

/** In the calling thread's namespace. */
export function presentModes(toolbox: Toolbox): PresentModes {
  const lines = [...ourLinesOf(readPresent(toolbox)).values()].flat()
  const has = (trace: RegExp) => lines.some((line) => trace.test(line))
  return { ambient: has(traces.ambient), sidecar: has(traces.sidecar) }
}
