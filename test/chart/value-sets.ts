// The sets of values that come with the chart, for tests of the chart.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { platforms } from '@istio-install-cni/config-schema'
import { chartDirectory } from './helm.ts'

export interface ValueSet {
  readonly name: string
  /** What helm is given. */
  readonly args: readonly string[]
}

const ci = join(chartDirectory, 'ci')

/** Those of `ci/`, and one for each platform, in ambient mode. */
export const valueSets: readonly ValueSet[] = [
  ...readdirSync(ci).map((file) => ({ name: `ci/${file}`, args: ['-f', join(ci, file)] })),
  ...Object.keys(platforms).map((platform) => ({
    name: `platform ${platform}`,
    args: ['--set', `global.platform=${platform}`, '--set', 'profile=ambient'],
  })),
]
