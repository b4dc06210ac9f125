export { comment, named } from './annotations.ts'
export { each, entries, overlay, spread, withoutEmpty } from './collections.ts'
export { all, any, contains, equals, firstOf, isOneOf, matches, not, when } from './conditions.ts'
export type { TemplateContext } from './context.ts'
export { TemplateError } from './errors.ts'
export { evaluate } from './evaluate.ts'
export type { Condition, Expression, Template } from './expression.ts'
export { type Node, nodeOf } from './node.ts'
export {
  appVersion,
  chartName,
  chartVersion,
  releaseName,
  releaseNamespace,
  releaseRevision,
  releaseService,
  type ValuePath,
  value,
} from './references.ts'
export { asText, asYaml, digest, join, labelValue, text } from './texts.ts'
