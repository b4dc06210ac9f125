import type { Expression } from '../../expressions/index.ts'
import { FilePrinter, type PrintOptions } from './file-printer.ts'
import { fileScope } from './scope.ts'
import type { SharedEntries } from './shared-entries.ts'

/** An object of a chart: its manifest, and when it is there at all. */
export interface PrintedObject {
  readonly condition?: Expression<unknown>
  /** A template with `apiVersion` and `kind`. */
  readonly manifest: object
}

/** A file of a chart's `templates/`. */
export const printTemplate = (objects: readonly PrintedObject[], options: PrintOptions): string => {
  const printer = new FilePrinter(options)
  const separator = objects.length > 1 ? ['---'] : []
  const documents = printer.block(() =>
    objects.flatMap(({ condition, manifest }) =>
      printer.guarded(condition, fileScope, (scope) => [
        ...separator,
        ...printer.map(headFirst(manifest), scope),
      ]),
    ),
  )
  const named = [...printer.named].flatMap(([name, lines]) => ['', ...defined(name, lines)])
  return `${[...documents, ...named].join('\n')}\n`
}

/** Entries of a map as a named template, for `_helpers.tpl`. */
export const printShared = ({ name, entries }: SharedEntries, defaults: object): string => {
  const printer = new FilePrinter({ name, defaults })
  return `${defined(
    name,
    printer.block(() => printer.map(entries)),
  ).join('\n')}\n`
}

const defined = (name: string, lines: readonly string[]): string[] => [
  `{{- define ${JSON.stringify(name)} -}}`,
  ...lines,
  '{{- end }}',
]

const headFirst = (manifest: object): object => {
  const { apiVersion, kind, metadata, ...others } = manifest as Record<string, unknown>
  return Object.fromEntries(
    Object.entries({ apiVersion, kind, metadata, ...others }).filter(([, each]) => each !== undefined),
  )
}
