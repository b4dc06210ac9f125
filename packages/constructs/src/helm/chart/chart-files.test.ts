import {
  compatibilityVersions,
  defaultValues,
  parseValues,
  platforms,
  profiles,
  resolveValues,
  valueRows,
} from '@istio-install-cni/config-schema'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { type ChartObject, chartFiles } from './chart-files.ts'

const object = (name: string, file: string, labels?: object): ChartObject => ({
  file,
  apiVersion: 'v1',
  kind: 'ConfigMap',
  template: { metadata: { name, ...(labels === undefined ? {} : { labels }) } },
})
const metadata = { version: '1.30.3', appVersion: '1.30.3' }
const files = chartFiles([object('a', 'one'), object('b', 'one'), object('c', 'tests/two')], metadata)

const file = (path: string): string => {
  const text = files.get(path)
  if (text === undefined) throw new Error(`no ${path} in ${[...files.keys()].join(', ')}`)
  return text
}

describe('chartFiles', () => {
  it('has a template per file of its objects', () => {
    expect(file('templates/one.yaml').match(/name: ./g)).toEqual(['name: a', 'name: b'])
    expect(file('templates/tests/two.yaml')).toContain('name: c')
  })

  it('says the labels that all objects have once', () => {
    const labels = { app: 'x', tier: 'y' }
    const labelled = [object('a', 'a', labels), object('b', 'b', { ...labels, own: 'z' }), object('c', 'c')]
    const chart = chartFiles(labelled, metadata)
    expect(chart.get('templates/_helpers.tpl')).toMatch(/define "istio-cni.labels" -}}\napp: x\ntier: "y"\n/)
    expect(chart.get('templates/b.yaml')).toContain(
      'labels:\n    own: z\n    {{- include "istio-cni.labels" . | nindent 4 }}',
    )
  })

  it('ends every file with one line break', () => {
    for (const [path, text] of files) expect(text, path).toMatch(/[^\s]\n$/)
  })

  it('has the defaults of the model in values.yaml, each with its description', () => {
    const { platform: _, ...defaults } = defaultValues
    const text = file('values.yaml')
    expect(parse(text)).toEqual({ _internal_defaults_do_not_set: defaults })
    const words = text.replaceAll(/\s*\n\s*# /g, ' ')
    for (const { path, description } of valueRows) expect(words, path).toContain(description)
  })

  it('has the layers that the merge reads', () => {
    const groups = { '': profiles, 'compatibility-version-': compatibilityVersions, 'platform-': platforms }
    for (const [prefix, layers] of Object.entries(groups))
      for (const [name, layer] of Object.entries(layers))
        expect(parse(file(`files/profile-${prefix}${name}.yaml`))).toEqual(layer)
  })

  it('has sets of values for testing that the model takes', () => {
    const sets = [...files].filter(([path]) => path.startsWith('ci/'))
    expect(sets.length).toBeGreaterThan(5)
    for (const [path, text] of sets) {
      expect(path).toMatch(/-values\.yaml$/)
      resolveValues(parseValues(parse(text)))
    }
  })

  it('tells of itself in Chart.yaml, also who signed it', () => {
    const signKey = {
      fingerprint: 'C874011F0AB405110D02105534365D9472D7468F',
      url: 'https://example.com/key',
    }
    const text = chartFiles([], { ...metadata, signKey }).get('Chart.yaml') ?? ''
    const { annotations, ...chart } = parse(text)
    expect(chart).toMatchObject({ apiVersion: 'v2', name: 'cni', version: '1.30.3', appVersion: '1.30.3' })
    expect(parse(annotations['artifacthub.io/signKey'])).toEqual(signKey)
    expect(parse(annotations['artifacthub.io/images'])[0].image).toBe('dhi.io/istio-install-cni:1.30.3')
    expect(parse(file('Chart.yaml')).annotations).not.toHaveProperty('artifacthub.io/signKey')
  })

  it('has a README that links to nothing outside of the chart', () => {
    expect(file('README.md')).not.toMatch(/\]\((?!https:)/)
    expect(file('README.md')).toContain('`ambient.enabled`')
  })
})
