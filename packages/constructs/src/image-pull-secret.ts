import { inspect } from 'node:util'
import { ApiObject } from 'cdk8s'
import * as kplus from 'cdk8s-plus-28'
import { Construct } from 'constructs'
import { authorityOf, type DockerConfig, pickedConfig } from './docker-config.ts'
import { PropsError } from './errors.ts'
import { namespaceOf } from './namespace.ts'

const DEFAULT_NAME = 'dhi-pull-secret'
const DEFAULT_REGISTRY = 'dhi.io'

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
    const secret = new kplus.DockerConfigSecret(this, 'secret', { metadata: { name, namespace }, data })
    this.name = name
    this.namespace = namespace
    this.apiObject = ApiObject.of(secret)
    for (const each of [this, secret, this.apiObject]) hideFromInspection(each)
  }

  /**
   * From user name and password or token.
   *
   * @throws {PropsError} when they cannot be those of a registry
   */
  static fromCredentials(scope: Construct, id: string, props: ImagePullSecretCredentials): ImagePullSecret {
    const { registry = DEFAULT_REGISTRY, username, password } = props
    const result = authorityOf(username, password)
    if ('problems' in result) throw new PropsError(pathOf(scope, id), result.problems)
    return new ImagePullSecret(scope, id, props, { auths: { [registry]: result.authority } })
  }

  /**
   * From the file in which Docker keeps its logins.
   *
   * @throws {PropsError} when it holds no credentials, or none of the registry
   */
  static fromDockerConfig(scope: Construct, id: string, props: ImagePullSecretDockerConfig): ImagePullSecret {
    const result = pickedConfig(props.config, props.registry)
    if ('problems' in result) throw new PropsError(pathOf(scope, id), result.problems)
    return new ImagePullSecret(scope, id, props, result.config)
  }

  /** One that is there already, as made by `kubectl create secret docker-registry`. */
  static existing(name: string): IImagePullSecret {
    return { name }
  }
}

function pathOf(scope: Construct, id: string): string {
  return [scope.node.path, id].filter((part) => part !== '').join('/')
}

/** `console.log` of the construct, or of an app that has it, would go down to the props. */
function hideFromInspection(construct: Construct): void {
  const shown = `${construct.constructor.name} { path: '${construct.node.path}' }`
  Object.defineProperty(construct, inspect.custom, { value: () => shown })
}
