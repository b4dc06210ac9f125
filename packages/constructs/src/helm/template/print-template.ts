import type { Expression } from '../../expressions/index.ts'
import { FilePrinter } from './file-printer.ts'
import { fileScope } from './scope.ts'

/** An object of a chart: its manifest, and when it is there at all. */
export interface PrintedObject {
  readonly condition?: Expression<unknown>
  /** A template with `apiVersion` and `kind`. */
  readonly manifest: object
}

/**
 * A file of a chart's `templates/`. `name` is the file's without extension; `defaults` are the chart's, of which the kinds
 * of values are known.
 */
export const printTemplate = (
  objects: readonly PrintedObject[],
  { name, defaults }: Readonly<{ name: string; defaults: object }>,
): string => {
  const printer = new FilePrinter(name, defaults)
  const separator = objects.length > 1 ? ['---'] : []
  const documents = printer.block(() =>
    objects.flatMap(({ condition, manifest }) =>
      printer.guarded(condition, fileScope, (scope) => [
        ...separator,
        ...printer.map(headFirst(manifest), scope),
      ]),
    ),
  )
  const named = [...printer.named].flatMap(([template, lines]) => [
    '',
    `{{- define ${JSON.stringify(template)} }}`,
    ...lines,
    '{{- end }}',
  ])
  return `${[...documents, ...named].join('\n')}\n`
}

const headFirst = (manifest: object): object => {
  const { apiVersion, kind, metadata, ...others } = manifest as Record<string, unknown>
  return Object.fromEntries(
    Object.entries({ apiVersion, kind, metadata, ...others }).filter(([, each]) => each !== undefined),
  )
}
