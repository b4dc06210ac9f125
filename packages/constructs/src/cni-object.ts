import { ApiObject, type ApiObjectProps, Chart } from 'cdk8s'
import type { Construct } from 'constructs'
import { evaluate, type Template, type TemplateContext } from './expressions/index.ts'
import { isEmpty } from './expressions/truth.ts'
import type { RenderContext } from './render-context.ts'
import type { Resource } from './resources/resource.ts'

/**
 * An object of Kubernetes made of a {@link Resource}. Where values are known it is an ApiObject like any other:
 * `addJsonPatch`, `metadata.addLabel` and the rest work. Below a scope that is printed it only carries the template.
 */
export class CniObject extends ApiObject {
  readonly resource: Resource
  readonly #isNamespaced: boolean

  private constructor(scope: Construct, id: string, resource: Resource, props: ApiObjectProps) {
    super(scope, id, props)
    this.resource = resource
    this.#isNamespaced = props.metadata?.namespace !== undefined
    this.node.addValidation({ validate: () => this.#validate() })
  }

  /** A chart is for one cluster, in which the second of two objects would take the first one's place. */
  #validate(): string[] {
    const objects = Chart.of(this).node.findAll()
    const before = objects.slice(0, objects.indexOf(this))
    const twin = before.find((other) => other instanceof CniObject && other.#identity === this.#identity)
    if (twin === undefined) return []
    return [`${this.#identity} is already made by ${twin.node.path}; each cluster needs a Chart of its own`]
  }

  get #identity(): string {
    const { namespace } = this.metadata
    return `${this.kind} ${namespace === undefined ? '' : `${namespace}/`}${this.name}`
  }

  /** ApiObject has one that takes every ApiObject for an instance. */
  static override [Symbol.hasInstance](candidate: unknown): candidate is CniObject {
    return typeof candidate === 'object' && candidate !== null && #isNamespaced in candidate
  }

  /** Adds the object, if there is such an object in the context. */
  static add(
    scope: Construct,
    id: string,
    resource: Resource,
    rendering: RenderContext,
  ): CniObject | undefined {
    const { apiVersion, kind, condition } = resource
    if (rendering.mode === 'print') return new CniObject(scope, id, resource, { apiVersion, kind })
    const { context } = rendering
    if (condition !== undefined && isEmpty(evaluate(condition, context))) return undefined
    return new CniObject(scope, id, resource, { apiVersion, kind, ...propsOf(resource.template, context) })
  }

  override toJson(): Record<string, unknown> {
    const manifest = super.toJson() as Record<string, unknown>
    if (this.#isNamespaced) return manifest
    // cdk8s gives the chart's namespace to what has none, and cluster-wide objects must have none.
    const { namespace: _, ...metadata } = manifest.metadata as Record<string, unknown>
    return Object.fromEntries(
      Object.entries(manifest).map(([key, part]) => [key, key === 'metadata' ? metadata : part]),
    )
  }
}

function propsOf(template: object, context: TemplateContext): object {
  return evaluate<object>(template as Template<object>, context)
}
