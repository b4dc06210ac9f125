// The programs that people install charts with: those that the environment names, or else built, each from its own go.mod.
import { join } from 'node:path'
import { findGo, goPackages } from '../cluster/go.ts'
import { GoModule } from '../cluster/go-module.ts'
import { missingForCluster } from '../cluster/programs.ts'
import { toolsModule } from '../cluster/tools.ts'

/** Their libraries are of versions that do not go together. */
const module = (directory: string, packages: Readonly<Record<string, string>>) =>
  new GoModule(join(import.meta.dirname, '../cluster', directory), packages)

const sources = {
  helm: { variable: 'HELM_BIN', module: toolsModule },
  helm4: { variable: 'HELM4_BIN', module: module('tools-helm4', { helm4: 'helm.sh/helm/v4/cmd/helm' }) },
  istioctl: {
    variable: 'ISTIOCTL_BIN',
    module: module('tools-istioctl', { istioctl: 'istio.io/istio/istioctl/cmd/istioctl' }),
  },
} as const

/** Paths. */
export type ChartPrograms = Readonly<Record<keyof typeof sources, string>>

const names = Object.keys(sources) as (keyof typeof sources)[]

/** @returns why the tier cannot be had here; undefined when it can */
export async function missingForChart(env: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  const missing = await missingForCluster()
  if (missing !== undefined) return missing
  for (const name of names) {
    const { variable, module } = sources[name]
    const isThere = env[variable] !== undefined || (await module.unbuilt([name])).length === 0
    if (!isThere && findGo() === undefined && goPackages().length === 0)
      return `it needs go (1.21 or newer) to build ${name}, or ${variable} with its path`
  }
  return undefined
}

/** @returns the path of the program, which is built when it is neither given nor in the cache */
async function bring(name: keyof typeof sources, env: NodeJS.ProcessEnv): Promise<string> {
  const { variable, module } = sources[name]
  return env[variable] ?? join(await module.build([name]), name)
}

export async function chartPrograms(env: NodeJS.ProcessEnv = process.env): Promise<ChartPrograms> {
  // One after the other: each build takes all the processors there are.
  const paths: [string, string][] = []
  for (const name of names) paths.push([name, await bring(name, env)])
  return Object.fromEntries(paths) as ChartPrograms
}
