// Kubernetes' programs and helm: those that are given, or else built from tools/go.mod.
import { readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { find } from './debian-packages.ts'
import { GoModule, type Variables } from './go-module.ts'

const kubernetesPrograms = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kubectl',
] as const
const moduleDirectory = join(import.meta.dirname, 'tools')

/** What a release is told of its own version: without, a chart is refused for a cluster of version 0. */
function kubernetesVersion(): Variables {
  const goMod = readFileSync(join(moduleDirectory, 'go.mod'), 'utf8')
  const [, version, minor] = /\sk8s\.io\/kubernetes (v1\.(\d+)\.\d+)\s/.exec(goMod) ?? []
  if (version === undefined || minor === undefined) throw new Error('tools/go.mod names no Kubernetes')
  return {
    'k8s.io/component-base/version.gitVersion': version,
    'k8s.io/component-base/version.gitMajor': '1',
    'k8s.io/component-base/version.gitMinor': minor,
    'helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor': minor,
    'helm.sh/helm/v3/pkg/lint/rules.k8sVersionMinor': minor,
  }
}

export const toolsModule = new GoModule(
  moduleDirectory,
  {
    ...Object.fromEntries(kubernetesPrograms.map((name) => [name, `k8s.io/kubernetes/cmd/${name}`])),
    helm: 'helm.sh/helm/v3/cmd/helm',
  },
  kubernetesVersion(),
)

/** Directories with tools that somebody put there, and the names of those that nobody did. */
export interface GivenTools {
  readonly directories: readonly string[]
  readonly missing: readonly string[]
}

/**
 * Whatever is in KUBEBUILDER_ASSETS counts. Of PATH only a directory with all of Kubernetes' programs does: a lone kubectl
 * is of some other version.
 */
export function givenTools(env: NodeJS.ProcessEnv): GivenTools {
  const assets = env.KUBEBUILDER_ASSETS === undefined ? [] : [env.KUBEBUILDER_ASSETS]
  const onPath = (env.PATH ?? '').split(delimiter)
  const whole = onPath.filter((directory) => kubernetesPrograms.every((name) => find(name, [directory])))
  const directories = [...assets, ...whole.slice(0, 1)]
  const isGiven = (name: string) =>
    find(name, name === 'helm' ? [...directories, ...onPath] : directories) !== undefined
  return { directories, missing: toolsModule.programs.filter((name) => !isGiven(name)) }
}

/** Builds what is neither given nor built. @returns directories for PATH that have all of them */
export async function toolDirectories(env: NodeJS.ProcessEnv = process.env): Promise<readonly string[]> {
  const { directories, missing } = givenTools(env)
  return missing.length === 0 ? directories : [...directories, await toolsModule.build(missing)]
}
