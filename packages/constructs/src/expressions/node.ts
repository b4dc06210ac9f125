/** The expression language. Every node is plain data; `unknown` stands for a template: a literal, or an expression. */
export type Node =
  | { readonly op: 'value'; readonly path: string }
  | { readonly op: 'release'; readonly field: 'name' | 'namespace' | 'service' | 'revision' }
  | { readonly op: 'chart'; readonly field: 'name' | 'version' | 'appVersion' }
  /** What the surrounding `each` or `entries` has in hand. */
  | { readonly op: 'variable'; readonly name: string }
  | { readonly op: 'when'; readonly condition: unknown; readonly then: unknown; readonly otherwise?: unknown }
  | { readonly op: 'firstOf' | 'all' | 'any'; readonly of: readonly unknown[] }
  | { readonly op: 'not' | 'asText' | 'asYaml' | 'labelValue' | 'withoutEmpty'; readonly of: unknown }
  | { readonly op: 'equals'; readonly left: unknown; readonly right: unknown }
  | { readonly op: 'digest'; readonly of: readonly unknown[] }
  | { readonly op: 'isOneOf'; readonly of: unknown; readonly options: readonly (string | number)[] }
  | { readonly op: 'matches'; readonly of: unknown; readonly pattern: string }
  | { readonly op: 'contains'; readonly text: unknown; readonly part: string }
  | { readonly op: 'text'; readonly literals: readonly string[]; readonly parts: readonly unknown[] }
  | { readonly op: 'join'; readonly list: unknown; readonly separator: string }
  | { readonly op: 'each'; readonly list: unknown; readonly item: string; readonly body: unknown }
  | {
      readonly op: 'entries'
      readonly map: unknown
      readonly key: string
      readonly value: string
      readonly body: unknown
    }
  | { readonly op: 'spread'; readonly list: unknown }
  | {
      readonly op: 'overlay'
      readonly base: unknown
      readonly over: unknown
      readonly fixed: readonly string[]
      readonly asText: boolean
    }
  | { readonly op: 'comment'; readonly text: string; readonly of: unknown }
  | { readonly op: 'named'; readonly name: string; readonly of: unknown }

/** The node of an expression, or undefined of a literal. */
export const nodeOf = (template: unknown): Node | undefined => {
  if (typeof template !== 'object' || template === null || !('$expression' in template)) return undefined
  return template.$expression as Node
}
