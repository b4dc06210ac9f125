import { CNI_ERROR } from '@istio-install-cni/config-schema'
import { CniError } from './errors.ts'

/** The pod as the kubelet's runtime names it in CNI_ARGS. */
export interface PodArguments {
  readonly name: string
  readonly namespace: string
  /** Empty when the runtime does not say. */
  readonly uid: string
}

const KNOWN = ['K8S_POD_NAME', 'K8S_POD_NAMESPACE', 'K8S_POD_INFRA_CONTAINER_ID', 'K8S_POD_UID'] as const

/**
 * Reads `K=V;K2=V2` as the CNI project's plugins do (pkg/types LoadArgs). Gives nothing when no pod is
 * named: such a caller is no Kubernetes runtime.
 * @throws {CniError} code 4
 */
export function podArgumentsOf(args: string): PodArguments | undefined {
  const given = new Map<string, string>()
  for (const pair of args === '' ? [] : args.split(';')) {
    const [key, value, more] = pair.split('=')
    if (key === undefined || value === undefined || more !== undefined) {
      throw invalid(`${JSON.stringify(pair.slice(0, 256))} is no pair of the form KEY=VALUE`)
    }
    given.set(key, value)
  }
  const unknown = [...given.keys()].filter(
    (key) => key !== 'IgnoreUnknown' && !KNOWN.some((name) => name === key),
  )
  if (!ignoresUnknown(given.get('IgnoreUnknown')) && unknown.length > 0) {
    throw invalid(`unknown keys ${unknown.join(', ').slice(0, 256)}, and no IgnoreUnknown=1`)
  }
  const name = given.get('K8S_POD_NAME')
  const namespace = given.get('K8S_POD_NAMESPACE')
  if (!name || !namespace) return undefined
  const uid = given.get('K8S_POD_UID') ?? ''
  // It travels as a header: UUIDs, and the hashes of static pods.
  if (!/^[A-Za-z0-9._-]{0,253}$/.test(uid))
    throw invalid(`K8S_POD_UID=${JSON.stringify(uid.slice(0, 256))} is no uid`)
  return { name, namespace, uid }
}

function ignoresUnknown(value: string | undefined): boolean {
  if (value === undefined) return false
  if (/^(1|true)$/i.test(value)) return true
  if (/^(0|false)$/i.test(value)) return false
  throw invalid(`IgnoreUnknown=${JSON.stringify(value.slice(0, 256))} is neither 1, true, 0 nor false`)
}

function invalid(problem: string): CniError {
  return new CniError(CNI_ERROR.invalidEnvironment, `CNI_ARGS: ${problem}`)
}
