import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { repositoryOf } from './repository.ts'

const description = 'apiVersion: v2\nname: cni\nversion: 1.30.3\nappVersion: 1.30.3\n'
const chart = new Map([
  ['Chart.yaml', description],
  ['.helmignore', '*.tgz\nci/\n'],
  ['ci/x-values.yaml', '{}\n'],
])
const repository = repositoryOf(chart, 86_400)
const archive = repository.get('cni-1.30.3.tgz') ?? ''
const digest = createHash('sha256').update(archive).digest('hex')

describe('repositoryOf', () => {
  it("names the chart's archive with its digest, and takes the chart's words about itself", () => {
    expect(parse(String(repository.get('index.yaml')))).toEqual({
      apiVersion: 'v1',
      entries: {
        cni: [
          {
            ...parse(description),
            created: '1970-01-02T00:00:00.000Z',
            digest,
            urls: ['cni-1.30.3.tgz'],
          },
        ],
      },
      generated: '1970-01-02T00:00:00.000Z',
    })
  })

  it('leaves out of the archive what helm would', () => {
    const names = gunzipSync(archive).toString('latin1')
    expect(names).toContain('cni/.helmignore')
    expect(names).not.toContain('x-values.yaml')
  })

  it('has the text to sign: the chart about itself, and the digest of the archive', () => {
    const [metadata, files] = String(repository.get('cni-1.30.3.provenance')).split('\n...\n')
    expect(parse(metadata ?? '')).toEqual(parse(description))
    expect(parse(files ?? '')).toEqual({ files: { 'cni-1.30.3.tgz': `sha256:${digest}` } })
  })
})
