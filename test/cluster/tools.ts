// Kubernetes' programs and helm: those that are given, or else built from tools/go.mod, each by itself.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { find } from './debian-packages.ts'
import { bringGo, goEnvironment } from './go.ts'
import { clusterCache } from './layout.ts'
import { runLoudly } from './run-loudly.ts'

const toolsModule = join(import.meta.dirname, 'tools')
const kubernetesPrograms = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kubectl',
] as const
const packages: Readonly<Record<string, string>> = {
  ...Object.fromEntries(kubernetesPrograms.map((name) => [name, `k8s.io/kubernetes/cmd/${name}`])),
  helm: 'helm.sh/helm/v3/cmd/helm',
}

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
  return { directories, missing: Object.keys(packages).filter((name) => !isGiven(name)) }
}

/** Where those are that are built from the present go.mod, whether they are there yet or not. */
async function builtDirectory(): Promise<string> {
  const files = await Promise.all(['go.mod', 'go.sum'].map((name) => readFile(join(toolsModule, name))))
  const hash = createHash('sha256').update(Buffer.concat(files)).digest('hex').slice(0, 16)
  return join(clusterCache, 'tools', hash)
}

/** Of those programs, the ones that still have to be built. */
export async function unbuilt(programs: readonly string[]): Promise<readonly string[]> {
  const directory = await builtDirectory()
  return programs.filter((name) => !existsSync(join(directory, name)))
}

/** Builds what is neither given nor built. @returns directories for PATH that have all of them */
export async function toolDirectories(env: NodeJS.ProcessEnv = process.env): Promise<readonly string[]> {
  const { directories, missing } = givenTools(env)
  if (missing.length === 0) return directories
  const built = await builtDirectory()
  await build(await unbuilt(missing), built)
  return [...directories, built]
}

async function build(programs: readonly string[], directory: string): Promise<void> {
  if (programs.length === 0) return
  const go = await bringGo()
  const unfinished = `${directory}.${process.pid}.part`
  await mkdir(directory, { recursive: true })
  await mkdir(unfinished, { recursive: true })
  try {
    const paths = programs.map((name) => packages[name] ?? '')
    await runLoudly(go, ['build', '-trimpath', '-ldflags=-s -w', '-o', `${unfinished}/`, ...paths], {
      cwd: toolsModule,
      env: { ...goEnvironment(go), CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' },
    })
    for (const name of programs) await rename(join(unfinished, name), join(directory, name))
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
}
