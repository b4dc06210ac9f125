import { CONTAINER, PROXY_ENV, STATIC_POD_ANNOTATION } from '@istio-install-cni/config-schema'
import { PodManifestError } from './errors.ts'
import { isIpAddress } from './ip-address.ts'
import { child, elements, type Field, flag, record, requiredText, text, texts } from './manifest-fields.ts'

/** What decisions need of a pod; made from an untrusted manifest by {@link podFromManifest}. */
export type Pod = Readonly<{
  namespace: string
  name: string
  /** Empty in a manifest that never went through an API server. */
  uid: string
  /** Of a static pod: the uid by which the kubelet, its cgroups and so the plugin know it. */
  staticUid?: string
  labels: Readonly<Record<string, string>>
  /** Istio's only: those under istio.io and its subdomains. */
  annotations: Readonly<Record<string, string>>
  hostNetwork: boolean
  /** False when the pod runs in a user namespace of its own (`spec.hostUsers: false`). */
  hostUsers: boolean
  nodeName?: string
  phase?: string
  serviceAccount: string
  /** `spec.os.name`, or the node selector's `kubernetes.io/os`; almost all pods say neither. */
  os?: string
  /** It has been deleted and is about to end. */
  isTerminating: boolean
  containers: readonly Container[]
  initContainers: readonly Container[]
  /** `status.podIPs`, or `status.podIP` alone. */
  ips: readonly string[]
}>

/** Arguments and environment are kept of the proxy only: those of applications are nobody's business. */
export type Container = Readonly<{
  name: string
  args: readonly string[]
  /**
   * The variables that change the redirection, if they have a literal value: what comes from a ConfigMap, Secret
   * or field isn't known before the container starts.
   */
  env: Readonly<Record<string, string>>
  runAsUser?: number
  runAsGroup?: number
}>

const most = {
  containers: 1000,
  args: 1000,
  variables: 10_000,
  labels: 10_000,
  annotations: 10_000,
  ips: 100,
}
/** A DNS subdomain (RFC 1123), as Kubernetes wants names to be. */
const validName = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/
/** Kubernetes' limit for user and group ids. */
const largestId = 2 ** 31 - 1

/** @throws PodManifestError that names the field */
export function podFromManifest(manifest: unknown): Pod {
  const pod = { value: manifest, path: '' }
  const kind = text(child(pod, 'kind'))
  if (kind !== undefined && kind !== 'Pod') throw new PodManifestError('kind', 'Pod')
  const metadata = record(child(pod, 'metadata'))
  const spec = record(child(pod, 'spec'))
  const status = record(child(pod, 'status'))
  return {
    namespace: nameIn(child(metadata, 'namespace'), 'default'),
    name: nameIn(child(metadata, 'name')),
    uid: text(child(metadata, 'uid')) ?? '',
    ...optional('staticUid', text(child(record(child(metadata, 'annotations')), STATIC_POD_ANNOTATION))),
    labels: texts(child(metadata, 'labels'), most.labels, () => true),
    annotations: texts(child(metadata, 'annotations'), most.annotations, (key) =>
      /(^|\.)istio\.io\//.test(key),
    ),
    hostNetwork: flag(child(spec, 'hostNetwork'), false),
    hostUsers: flag(child(spec, 'hostUsers'), true),
    ...optional('nodeName', text(child(spec, 'nodeName'))),
    ...optional('phase', text(child(status, 'phase'))),
    serviceAccount: text(child(spec, 'serviceAccountName')) || 'default',
    ...optional('os', operatingSystemOf(spec)),
    isTerminating: child(metadata, 'deletionTimestamp').value !== undefined,
    containers: elements(child(spec, 'containers'), most.containers).map(containerFrom),
    initContainers: elements(child(spec, 'initContainers'), most.containers).map(containerFrom),
    ips: ipsIn(status),
  }
}

function operatingSystemOf(spec: Field): string | undefined {
  const selector = record(child(spec, 'nodeSelector'))
  return text(child(record(child(spec, 'os')), 'name')) ?? text(child(selector, 'kubernetes.io/os'))
}

function containerFrom(field: Field): Container {
  const container = record(field)
  const name = requiredText(child(container, 'name'))
  const isProxy = name === CONTAINER.proxy
  const security = record(child(container, 'securityContext'))
  return {
    name,
    args: isProxy ? elements(child(container, 'args'), most.args).map((arg) => text(arg) ?? '') : [],
    env: isProxy ? environmentFrom(elements(child(container, 'env'), most.variables)) : {},
    ...optional('runAsUser', idIn(child(security, 'runAsUser'))),
    ...optional('runAsGroup', idIn(child(security, 'runAsGroup'))),
  }
}

const wantedVariables: ReadonlySet<string> = new Set(Object.values(PROXY_ENV))

function environmentFrom(variables: readonly Field[]): Readonly<Record<string, string>> {
  const env: Record<string, string> = {}
  for (const variable of variables.map(record)) {
    const name = text(child(variable, 'name'))
    const value = text(child(variable, 'value'))
    if (name !== undefined && value !== undefined && wantedVariables.has(name)) env[name] = value
  }
  return env
}

function nameIn(field: Field, whenAbsent?: string): string {
  const name = text(field) ?? whenAbsent
  if (name !== undefined && validName.test(name)) return name
  throw new PodManifestError(field.path, 'a Kubernetes name (lower case letters, digits, "-" and ".")')
}

function idIn({ value, path }: Field): number | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= largestId) return value
  throw new PodManifestError(path, `a whole number from 0 to ${largestId}`)
}

function ipsIn(status: Field): readonly string[] {
  const several = elements(child(status, 'podIPs'), most.ips).map((entry) => child(record(entry), 'ip'))
  const fields = several.length > 0 ? several : [child(status, 'podIP')]
  return fields.flatMap((field) => {
    const ip = text(field) ?? ''
    if (ip !== '' && !isIpAddress(ip)) throw new PodManifestError(field.path, 'an IP address')
    return ip === '' ? [] : [ip]
  })
}

const optional = <K extends string, T>(key: K, value: T | undefined): { [P in K]?: T } =>
  (value === undefined ? {} : { [key]: value }) as { [P in K]?: T }
