import { readdirSync, readFileSync } from 'node:fs'
import type { DecisionSettings } from '../../packages/runtime/src/mesh/exemption.ts'

/** `iptables-save` lines by table. */
export type Tables = Readonly<Record<string, readonly string[]>>

/** What one ADD of the original added to a namespace. */
export type State = Readonly<{
  iptables?: Tables
  ip6tables?: Tables
  nft?: readonly string[]
  'ip rule'?: readonly string[]
  'ip route'?: readonly string[]
  error?: Readonly<{ code: number; msg: string }>
}>

export type RulesCase = Readonly<{
  name: string
  pod: unknown
  addresses: readonly string[]
  state: Readonly<{ iptables: State; nft: State }>
}>

export type SelectionCase = Readonly<{
  name: string
  pod: unknown
  netconf: Readonly<{ exclude_namespaces?: readonly string[] }>
  decision: 'redirected' | 'left alone' | 'refused'
  iptables?: Tables
}>

const data = new URL('data/', import.meta.url)

export const rulesCases: readonly RulesCase[] = readdirSync(new URL('sidecar/', data))
  .sort()
  .map((file) => JSON.parse(readFileSync(new URL(`sidecar/${file}`, data), 'utf8')))

export const selectionCases: readonly SelectionCase[] = readFileSync(
  new URL('sidecar-selection.jsonl', data),
  'utf8',
)
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line))

/** The recordings were made with these, unless a case says otherwise. */
export const settingsOf = (netconf: SelectionCase['netconf'] = {}): DecisionSettings => ({
  excludeNamespaces: netconf.exclude_namespaces ?? ['kube-system'],
  podNamespace: 'istio-system',
})
