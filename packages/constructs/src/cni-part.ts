import type { ApiObject } from 'cdk8s'
import { Construct } from 'constructs'
import { CniObject } from './cni-object.ts'
import { namespaceOf } from './namespace.ts'
import { contextFrom, type IstioCniProps } from './props.ts'
import { contextOf, provideContext } from './render-context.ts'
import type { Resource } from './resources/resource.ts'

/** Some of the objects of an installation: within {@link IstioCni} by its props, alone by its own. */
export abstract class CniPart extends Construct {
  /** The objects that there are with these props, in the order in which they should be applied. */
  readonly apiObjects: readonly ApiObject[]
  readonly namespace: string

  constructor(
    scope: Construct,
    id: string,
    props: IstioCniProps | undefined,
    resources: Readonly<Record<string, Resource>>,
  ) {
    super(scope, id)
    this.namespace = provideFor(this, props)
    this.apiObjects = Object.entries(resources).flatMap(
      ([name, resource]) => CniObject.add(this, name, resource) ?? [],
    )
  }
}

/**
 * Sees to it that there is a context for what is below the construct: one of its own if it has props, or if nothing
 * above has one. Gives the namespace of what is made in it.
 */
export function provideFor(construct: Construct, props: IstioCniProps | undefined): string {
  if (props !== undefined || contextOf(construct) === undefined) {
    provideContext(construct, { mode: 'evaluate', context: contextFrom(construct, props ?? {}) })
  }
  const rendering = contextOf(construct)
  return rendering?.mode === 'evaluate' ? rendering.context.release.namespace : namespaceOf(construct)
}
