import type { Construct } from 'constructs'
import type { TemplateContext } from './expressions/index.ts'

const key = '@istio-install-cni/constructs:render-context'

/** What becomes of the templates below a construct: they are evaluated, or kept for the Helm printer. */
export type RenderContext =
  | { readonly mode: 'evaluate'; readonly context: TemplateContext }
  | { readonly mode: 'print' }

/** Holds for all constructs that are added below `scope` from now on, unless one of them provides its own. */
export function provideContext(scope: Construct, context: RenderContext): void {
  scope.node.setContext(key, context)
}

/** That of the nearest scope that provides one. */
export function contextOf(scope: Construct): RenderContext | undefined {
  return scope.node.tryGetContext(key) as RenderContext | undefined
}
