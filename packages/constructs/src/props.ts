import {
  CHART_NAME,
  ISTIO_VERSION,
  parseValues,
  resolveValues,
  type ValueProblem,
  ValuesError,
  type ValuesInput,
} from '@istio-install-cni/config-schema'
import type { Construct } from 'constructs'
import { PropsError } from './errors.ts'
import type { TemplateContext } from './expressions/index.ts'
import { HardenedImage } from './hardened-image.ts'
import type { IImagePullSecret } from './image-pull-secret.ts'
import { namespaceOf } from './namespace.ts'
import { isNamespaceName } from './object-names.ts'
import type { AgentInput, ChoicesInput, GlobalInput } from './values-input.ts'

/** What every construct of this package takes. */
export interface CommonProps {
  /**
   * Namespace of the agent.
   *
   * @default - the chart's, else 'istio-system'
   */
  readonly namespace?: string | undefined
  /**
   * Name of the installation, for labels (`release`, `app.kubernetes.io/instance`).
   *
   * @default 'istio-cni'
   */
  readonly releaseName?: string | undefined
}

type Given<Key extends keyof ValuesInput> = NonNullable<ValuesInput[Key]>
/** What istioctl hands to every chart, and a file of values for several charts has. */
type OfOtherCharts = Omit<ValuesInput, keyof AgentInput | keyof ChoicesInput | 'cni' | 'global'>

/** The chart's values, all optional, with the chart's names, defaults and meaning. */
export interface IstioCniProps
  extends CommonProps,
    Omit<AgentInput, 'image' | 'imagePullSecrets'>,
    ChoicesInput,
    OfOtherCharts {
  /**
   * The image: a {@link HardenedImage}; a whole reference; or a name, to which `hub` and `tag` are added.
   *
   * @default - the hardened image of this package's version of Istio
   */
  readonly image?: string | HardenedImage | undefined
  /**
   * Secrets for pulling it: an {@link ImagePullSecret}, or names.
   *
   * @default - none
   */
  readonly imagePullSecrets?: readonly (string | IImagePullSecret)[] | undefined
  /**
   * The same values as the chart's users write them, `cni.ambient.enabled`; they go before those beside it.
   *
   * @default - none
   */
  readonly cni?: (AgentInput & Omit<Given<'cni'>, keyof AgentInput>) | undefined
  /** Values that all of Istio's charts share. */
  readonly global?: (GlobalInput & Omit<Given<'global'>, keyof GlobalInput>) | undefined
}

const DEFAULT_RELEASE = 'istio-cni'

/**
 * What templates below `scope` are evaluated with.
 * @throws {PropsError} with everything that is wrong with the props
 */
export function contextFrom(scope: Construct, props: IstioCniProps): TemplateContext {
  if (typeof props !== 'object' || Array.isArray(props))
    throw new PropsError(scope.node.path, [{ path: 'the props', value: props, expectation: 'an object' }])
  const { namespace = namespaceOf(scope), releaseName = DEFAULT_RELEASE, ...given } = props
  const problems = [
    ...namingProblems(namespace, releaseName),
    ...imageProblems(given),
    ...secretProblems(given, namespace),
  ]
  try {
    const values = resolveValues(parseValues(valuesOf(given)))
    if (problems.length > 0) throw new PropsError(scope.node.path, problems)
    return {
      values,
      release: { name: releaseName, namespace, service: 'cdk8s' },
      chart: { name: CHART_NAME, version: ISTIO_VERSION, appVersion: ISTIO_VERSION },
    }
  } catch (error) {
    if (!(error instanceof ValuesError)) throw error
    throw new PropsError(scope.node.path, [...problems, ...error.problems])
  }
}

/** What is not as its type says goes on as it is, to be refused with the rest. */
function valuesOf(props: Omit<IstioCniProps, keyof CommonProps>): object {
  const { image, cni, global, ...values } = props
  return {
    ...withNames(values),
    ...(cni !== undefined && { cni: withNames(cni) }),
    ...(global !== undefined && { global: withNames(global) }),
    ...(image instanceof HardenedImage
      ? // The reference is whole; the tag tells the agent its version.
        { image: image.reference, tag: values.tag ?? image.version }
      : image !== undefined && { image }),
  }
}

/** With the names of pull secrets in place of their constructs. */
function withNames<Values extends object | null>(values: Values): Values {
  const secrets = secretsOf(values)
  if (values === null || secrets === undefined) return values
  return { ...values, imagePullSecrets: secrets.map((secret) => (isSecret(secret) ? secret.name : secret)) }
}

function secretsOf(values: unknown): readonly unknown[] | undefined {
  const { imagePullSecrets } = (values ?? {}) as { imagePullSecrets?: unknown }
  return Array.isArray(imagePullSecrets) ? imagePullSecrets : undefined
}

function isSecret(secret: unknown): secret is IImagePullSecret {
  return typeof secret === 'object' && secret !== null && 'name' in secret
}

function* namingProblems(namespace: unknown, releaseName: unknown): Generator<ValueProblem> {
  if (!isNamespaceName(namespace))
    yield { path: 'namespace', value: namespace, expectation: 'the name of a namespace' }
  if (typeof releaseName !== 'string' || !/^[a-z0-9]([-a-z0-9.]{0,51}[a-z0-9])?$/.test(releaseName)) {
    const expectation = 'lower-case letters, digits, inner dashes and dots, at most 53'
    yield { path: 'releaseName', value: releaseName, expectation }
  }
}

/** A hardened image is whole: who gives parts of another one beside it would be surprised by what is pulled. */
function* imageProblems({ image, hub, variant, cni }: IstioCniProps): Generator<ValueProblem> {
  if (!(image instanceof HardenedImage)) return
  const parts = { hub, variant, 'cni.image': cni?.image, 'cni.hub': cni?.hub, 'cni.variant': cni?.variant }
  for (const [path, value] of Object.entries(parts))
    if (value) yield { path, value, expectation: 'nothing beside a HardenedImage, which is all of it' }
}

function* secretProblems(
  values: Omit<IstioCniProps, keyof CommonProps>,
  namespace: string,
): Generator<ValueProblem> {
  const places = { '': values, 'cni.': values.cni, 'global.': values.global }
  for (const [place, part] of Object.entries(places)) {
    for (const [at, secret] of (secretsOf(part) ?? []).entries()) {
      if (!isSecret(secret) || (secret.namespace ?? namespace) === namespace) continue
      const expectation = `the namespace of the agent, ${namespace}, in which alone its pods find it`
      yield { path: `${place}imagePullSecrets[${at}].namespace`, value: secret.namespace, expectation }
    }
  }
}
