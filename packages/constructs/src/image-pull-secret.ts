import { HARDENED_REGISTRY, type ValueProblem } from '@istio-install-cni/config-schema'
import { ApiObject, Lazy } from 'cdk8s'
import * as kplus from 'cdk8s-plus-28'
import { Construct } from 'constructs'
import { authorityOf, type DockerConfig, pickedConfig } from './docker-config.ts'
import { PropsError } from './errors.ts'
import { namespaceOf } from './namespace.ts'
import { isNamespaceName, isObjectName } from './object-names.ts'

const DEFAULT_NAME = 'dhi-pull-secret'

/** What the pods and their account need to know of a pull secret. */
export interface IImagePullSecret {
  readonly name: string
  /** Where it is, if that is known: it has to be where the pods are. */
  readonly namespace?: string | undefined
}

interface ImagePullSecretCommonProps {
  /**
   * Name of the Secret.
   *
   * @default 'dhi-pull-secret'
   */
  readonly name?: string | undefined
  /**
   * Namespace of the Secret: that of the pods that use it.
   *
   * @default - the chart's, else 'istio-system'
   */
  readonly namespace?: string | undefined
}

export interface ImagePullSecretCredentials extends ImagePullSecretCommonProps {
  /**
   * Registry that asks for them.
   *
   * @default 'dhi.io'
   */
  readonly registry?: string | undefined
  readonly username: string
  /** Password or access token. It ends up in the synthesized manifest: keep that out of version control. */
  readonly password: string
}

export interface ImagePullSecretDockerConfig extends ImagePullSecretCommonProps {
  /** Content of a Docker `config.json`, as text or parsed. Only its credentials (`auths`) are used. */
  readonly config: string | DockerConfig
  /**
   * The registry whose credentials are taken.
   *
   * @default - those of all registries in the file
   */
  readonly registry?: string | undefined
}

/**
 * Credentials for pulling the image, as a Secret of type `kubernetes.io/dockerconfigjson`. Give it to the prop
 * `imagePullSecrets`. No error and no printed form of it shows them; the synthesized manifest has to.
 */
export class ImagePullSecret extends Construct implements IImagePullSecret {
  readonly name: string
  readonly namespace: string
  /** The Secret, for `metadata.addLabel`, `addJsonPatch` and the like. */
  readonly apiObject: ApiObject

  private constructor(scope: Construct, id: string, props: ImagePullSecretCommonProps, data: DockerConfig) {
    super(scope, id)
    const { name = DEFAULT_NAME, namespace = namespaceOf(scope) } = props
    // Within a function, so that nothing that prints an object's properties comes upon it.
    const json = Lazy.any({ produce: () => JSON.stringify(data) }) as string
    const secret = new kplus.Secret(this, 'secret', {
      metadata: { name, namespace },
      type: 'kubernetes.io/dockerconfigjson',
      stringData: { '.dockerconfigjson': json },
    })
    this.name = name
    this.namespace = namespace
    this.apiObject = ApiObject.of(secret)
    this.node.defaultChild = secret
  }

  /**
   * From user name and password or token.
   *
   * @throws {PropsError} when they cannot be those of a registry
   */
  static fromCredentials(scope: Construct, id: string, props: ImagePullSecretCredentials): ImagePullSecret {
    const { registry = HARDENED_REGISTRY, username, password } = props
    const result = authorityOf(username, password)
    const place = [...placeProblems(props), ...registryProblems(registry)]
    if ('problems' in result || place.length > 0) throw refusal(pathOf(scope, id), place, result)
    return new ImagePullSecret(scope, id, props, { auths: { [registry]: result.authority } })
  }

  /**
   * From the file in which Docker keeps its logins.
   *
   * @throws {PropsError} when it holds no credentials, or none of the registry
   */
  static fromDockerConfig(scope: Construct, id: string, props: ImagePullSecretDockerConfig): ImagePullSecret {
    const result = pickedConfig(props.config, props.registry)
    const place = [...placeProblems(props)]
    if ('problems' in result || place.length > 0) throw refusal(pathOf(scope, id), place, result)
    return new ImagePullSecret(scope, id, props, result.config)
  }

  /**
   * One that is there already, as made by `kubectl create secret docker-registry`.
   *
   * @throws {PropsError} when nothing can have that name
   */
  static existing(name: string): IImagePullSecret {
    if (!isObjectName(name)) throw new PropsError('ImagePullSecret', [nameProblem(name)])
    return { name }
  }
}

function pathOf(scope: Construct, id: string): string {
  return [scope.node.path, id].filter((part) => part !== '').join('/')
}

function refusal(where: string, place: readonly ValueProblem[], credentials: object): PropsError {
  const { problems = [] } = credentials as { problems?: readonly ValueProblem[] }
  return new PropsError(where, [...place, ...problems])
}

function* placeProblems({ name, namespace }: ImagePullSecretCommonProps): Generator<ValueProblem> {
  if (name !== undefined && !isObjectName(name)) yield nameProblem(name)
  if (namespace !== undefined && !isNamespaceName(namespace))
    yield { path: 'namespace', value: namespace, expectation: 'the name of a namespace' }
}

function nameProblem(name: unknown): ValueProblem {
  const expectation = 'the name of a Secret: lower-case letters, digits, inner dashes and dots'
  return { path: 'name', value: name, expectation }
}

/** As the kubelet looks for it (Kubernetes, pkg/credentialprovider): host and path, the host with `*` if need be. */
function* registryProblems(registry: unknown): Generator<ValueProblem> {
  if (typeof registry === 'string' && /^(https?:\/\/)?[-*.:[\]A-Za-z0-9]+(\/\S*)?$/.test(registry)) return
  yield {
    path: 'registry',
    value: registry,
    expectation: 'a registry, such as dhi.io or registry.example/team',
  }
}
