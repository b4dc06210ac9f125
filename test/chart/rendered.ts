// What a chart renders, as objects.
import { parseAllDocuments } from 'yaml'

export interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly [key: string]: unknown
}

/** @returns the objects of YAML text, in its order. @throws when a document is no YAML */
export function objectsOf(text: string): readonly KubernetesObject[] {
  return [...parseAllDocuments(text)].flatMap((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0]
    const value: unknown = document.toJS()
    return value === null ? [] : [value as KubernetesObject]
  })
}

/** What names an object. */
export const identity = ({ kind, metadata }: KubernetesObject): string =>
  [kind, metadata.namespace, metadata.name].filter((part) => part !== undefined).join('/')

interface PullSecrets {
  readonly imagePullSecrets?: readonly { readonly name: string }[]
}

interface Container {
  readonly name: string
  readonly image: string
  readonly securityContext?: { readonly privileged?: boolean }
}

export interface DaemonSet extends KubernetesObject {
  readonly spec: {
    readonly selector: object
    readonly template: { readonly spec: PullSecrets & { readonly containers: readonly Container[] } }
  }
}

/** The agent's. */
export const daemonSetOf = (objects: readonly KubernetesObject[]): DaemonSet =>
  only(objects, 'DaemonSet', 'istio-cni-node') as DaemonSet

/** What a user of the guide looks for. */
export interface Installed {
  readonly images: readonly string[]
  /** Of the pod, and of its service account. */
  readonly pullSecrets: { readonly pod: readonly string[]; readonly account: readonly string[] }
}

export function installed(objects: readonly KubernetesObject[]): Installed {
  const { spec } = daemonSetOf(objects).spec.template
  const account = only(objects, 'ServiceAccount', 'istio-cni') as KubernetesObject & PullSecrets
  const names = ({ imagePullSecrets = [] }: PullSecrets) => imagePullSecrets.map(({ name }) => name)
  return {
    images: spec.containers.map(({ image }) => image),
    pullSecrets: { pod: names(spec), account: names(account) },
  }
}

/** @throws when there is none of them, or more than one */
export function only(objects: readonly KubernetesObject[], kind: string, name: string): KubernetesObject {
  const found = objects.filter((each) => each.kind === kind && each.metadata.name === name)
  const [object] = found
  if (object === undefined || found.length > 1)
    throw new Error(`${found.length} objects ${kind}/${name} among ${objects.map(identity).join(', ')}`)
  return object
}

/** The agent's settings, as its ConfigMap has them. */
export function configuration(objects: readonly KubernetesObject[]): Readonly<Record<string, string>> {
  return only(objects, 'ConfigMap', 'istio-cni-config').data as Readonly<Record<string, string>>
}
