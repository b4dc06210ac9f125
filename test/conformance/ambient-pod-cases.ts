import { readdirSync, readFileSync } from 'node:fs'
import { loadSettings } from '@istio-install-cni/config-schema'
import type { AmbientSettings } from '../../packages/runtime/src/mesh/ambient-redirection.ts'
import type { State } from './sidecar-cases.ts'

/** One pod in the ambient mesh and what the original made of its namespace. */
export type AmbientPodCase = Readonly<{
  name: string
  pod: unknown
  addresses: readonly string[]
  /** Environment of the agent besides what the chart sets. */
  settings: Readonly<Record<string, string>>
  state: Readonly<{ iptables: State; nft: State }>
}>

const data = new URL('data/ambient-pod/', import.meta.url)

export const ambientPodCases: readonly AmbientPodCase[] = readdirSync(data)
  .sort()
  .map((file) => JSON.parse(readFileSync(new URL(file, data), 'utf8')))

/** The recordings' agent had the chart's environment, in which DNS capture is on. */
export const ambientSettingsOf = ({ settings }: AmbientPodCase): AmbientSettings =>
  loadSettings({
    env: { AMBIENT_ENABLED: 'true', AMBIENT_DNS_CAPTURE: 'true', ...settings },
    argv: [],
    readFile: (file) => readFileSync(file, 'utf8'),
  }).settings
