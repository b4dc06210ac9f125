// A chart repository: what `helm repo add` reads, and the text that a signature makes a provenance file.
import { createHash } from 'node:crypto'
import { parse, stringify } from 'yaml'
import { archiveOf } from './archive.ts'
import type { Tree } from './tree.ts'

interface ChartMetadata {
  readonly name: string
  readonly version: string
}

/**
 * `<name>-<version>.tgz`, `index.yaml`, and `<name>-<version>.provenance`, which `gpg --clearsign` turns into the
 * `.tgz.prov` that `helm verify` reads.
 * @param chart the chart's files
 * @param seconds time of the release, in seconds since 1970
 */
export function repositoryOf(chart: Tree, seconds: number): Tree {
  const description = String(chart.get('Chart.yaml') ?? '')
  const metadata = parse(description) as ChartMetadata
  const file = `${metadata.name}-${metadata.version}.tgz`
  const archive = archiveOf(packaged(chart), { directory: metadata.name, seconds })
  const digest = createHash('sha256').update(archive).digest('hex')
  const generated = new Date(seconds * 1000).toISOString()
  const entry = { ...metadata, created: generated, digest, urls: [file] }
  const index = { apiVersion: 'v1', entries: { [metadata.name]: [entry] }, generated }
  return new Map<string, string | Uint8Array>([
    [file, archive],
    ['index.yaml', stringify(index)],
    [`${metadata.name}-${metadata.version}.provenance`, provenanceText(metadata, file, digest)],
  ])
}

/** Without the directories that `.helmignore` names, as `helm package` leaves them out. */
function packaged(chart: Tree): Tree {
  const ignored = String(chart.get('.helmignore') ?? '')
    .split('\n')
    .filter((line) => line.endsWith('/'))
  return new Map([...chart].filter(([path]) => !ignored.some((directory) => path.startsWith(directory))))
}

/** @see https://helm.sh/docs/topics/provenance/#the-provenance-file */
function provenanceText(metadata: ChartMetadata, file: string, digest: string): string {
  return `${stringify(metadata)}\n...\n${stringify({ files: { [file]: `sha256:${digest}` } })}`
}
