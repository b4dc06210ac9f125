import type { ApiObject } from 'cdk8s'
import { Construct } from 'constructs'
import { CniObject } from './cni-object.ts'
import { namespaceOf } from './namespace.ts'
import { contextFrom, type IstioCniProps } from './props.ts'
import { contextOf, provideContext, type RenderContext } from './render-context.ts'
import type { Resource } from './resources/resource.ts'

/** Some of the objects of an installation: within {@link IstioCni} by its props, alone by its own. */
export abstract class CniPart extends Construct {
  /** The objects that there are with these props, in the order in which they should be applied. */
  readonly apiObjects: readonly ApiObject[]
  /** Of its objects that are not cluster-wide. */
  readonly namespace: string

  constructor(
    scope: Construct,
    id: string,
    props: IstioCniProps | undefined,
    resources: Readonly<Record<string, Resource>>,
  ) {
    super(scope, id)
    const rendering = provideFor(this, props)
    this.namespace = namespaceIn(rendering, this)
    this.apiObjects = Object.entries(resources).flatMap(
      ([name, resource]) => CniObject.add(this, name, resource, rendering) ?? [],
    )
    // So that `ApiObject.of` finds the object of a part that is one.
    const [first] = this.apiObjects
    if (first !== undefined && Object.keys(resources).length === 1) this.node.defaultChild = first
  }
}

/**
 * The props of a part that there need not be: its own; none where those of the whole decide; nobody else's, if it stands
 * alone.
 */
export function partProps<Props extends object>(
  scope: Construct,
  props: Props | undefined,
): Props | undefined {
  return props ?? (contextOf(scope) === undefined ? ({} as Props) : undefined)
}

/**
 * The context for what is below the construct: one of its own if it has props, or if nothing above provides one.
 * @throws {PropsError} with everything that is wrong with the props
 */
export function provideFor(construct: Construct, props: IstioCniProps | undefined): RenderContext {
  const inherited = contextOf(construct)
  if (props === undefined && inherited !== undefined) return inherited
  const own = { mode: 'evaluate', context: contextFrom(construct, props ?? {}) } as const
  provideContext(construct, own)
  return own
}

export function namespaceIn(rendering: RenderContext, construct: Construct): string {
  return rendering.mode === 'evaluate' ? rendering.context.release.namespace : namespaceOf(construct)
}
