import { defaultValues, valuesSchema } from '@istio-install-cni/config-schema'
import { stringify } from 'yaml'
import { type PrintedObject, printShared, printTemplate } from '../template/print-template.ts'
import type { SharedEntries } from '../template/shared-entries.ts'
import { chartFile } from './chart-file.ts'
import type { ChartMetadata } from './chart-metadata.ts'
import { ciValues } from './ci-values.ts'
import { commonLabels } from './common-labels.ts'
import { helmIgnore } from './helm-ignore.ts'
import { helpersTemplate } from './helpers-template.ts'
import { notesHelpersTemplate, notesTemplate } from './notes-template.ts'
import { readme } from './readme.ts'
import { valuesFile } from './values-file.ts'
import { layerFiles, valuesTemplate } from './values-template.ts'

/** One object of the chart. */
export interface ChartObject {
  /** Name of its file in `templates/`, without extension; objects that share it share the file. */
  readonly file: string
  readonly apiVersion: string
  readonly kind: string
  readonly condition?: PrintedObject['condition']
  /** Everything but `apiVersion` and `kind`. */
  readonly template: object
}

/** All files of the chart, by path within it. */
export const chartFiles = (objects: readonly ChartObject[], metadata: ChartMetadata): Map<string, string> => {
  const labels = { name: 'istio-cni.labels', entries: commonLabels(objects.map(({ template }) => template)) }
  return new Map([
    ['.helmignore', helmIgnore],
    ['Chart.yaml', chartFile(metadata)],
    ['README.md', readme(metadata)],
    ['values.yaml', valuesFile()],
    ['values.schema.json', `${JSON.stringify(valuesSchema(), null, 2)}\n`],
    ...Object.entries(ciValues).map(
      ([name, values]) => [`ci/${name}-values.yaml`, stringify(values)] as const,
    ),
    ['files/defaults.yaml', stringify(defaultValues)],
    ...layerFiles((layer) => stringify(layer)),
    ['templates/NOTES.txt', notesTemplate()],
    ['templates/_helpers.tpl', `${helpersTemplate}${labelsTemplate(labels)}`],
    ['templates/_notes.tpl', notesHelpersTemplate()],
    ['templates/_values.tpl', valuesTemplate],
    ...templates(objects, labels),
  ])
}

const labelsTemplate = (labels: SharedEntries): string =>
  `\n{{- /* Labels of every object. */}}\n${printShared(labels, defaultValues)}`

const templates = (objects: readonly ChartObject[], shared: SharedEntries): (readonly [string, string])[] => {
  const files = Map.groupBy(objects, ({ file }) => file)
  return [...files].map(([name, ofFile]) => {
    const printed = ofFile.map(({ apiVersion, kind, condition, template }) => ({
      ...(condition === undefined ? {} : { condition }),
      manifest: { apiVersion, kind, ...template },
    }))
    return [
      `templates/${name}.yaml`,
      printTemplate(printed, { name, defaults: defaultValues, shared }),
    ] as const
  })
}
