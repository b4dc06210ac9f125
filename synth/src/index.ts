import { chartTree } from './chart.ts'
import { istioctlTree } from './istioctl.ts'
import { kindConfiguration } from './kind.ts'
import { manifestTree } from './manifests.ts'
import { repositoryOf } from './repository.ts'
import { joinTrees, type Tree } from './tree.ts'

export { staleIn, writeTree } from './tree.ts'

/** Directory of the chart below charts/: the name that istioctl looks for. */
const CHART_DIRECTORY = 'istio-cni'

/** What charts/ holds. */
export function chartsTree(): Tree {
  return joinTrees({
    [CHART_DIRECTORY]: chartTree(),
    '': new Map([['kind-config.yaml', kindConfiguration()]]),
  })
}

/** What is below dist/, by directory. */
export function distTrees(seconds: number): Readonly<Record<'manifests' | 'istioctl' | 'repository', Tree>> {
  const chart = chartTree()
  return {
    manifests: manifestTree(),
    istioctl: istioctlTree(chart),
    repository: repositoryOf(chart, seconds),
  }
}
