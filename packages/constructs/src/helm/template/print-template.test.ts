import { defaultValues } from '@istio-install-cni/config-schema'
import { describe, expect, it } from 'vitest'
import {
  all,
  any,
  appVersion,
  asText,
  asYaml,
  comment,
  digest,
  each,
  entries,
  equals,
  firstOf,
  isOneOf,
  named,
  not,
  overlay,
  releaseNamespace,
  spread,
  text,
  value,
  when,
  withoutEmpty,
} from '../../expressions/index.ts'
import { printShared, printTemplate } from './print-template.ts'

/** The lines of a ConfigMap's data, without indentation; and what follows them. */
const printed = (data: object): string => {
  const file = printTemplate([{ manifest: { apiVersion: 'v1', kind: 'ConfigMap', data } }], {
    name: 'config-map',
    defaults: defaultValues,
  })
  return file.slice(file.indexOf('data:\n') + 'data:\n'.length).replaceAll(/^ {2}/gm, '')
}

describe('printTemplate', () => {
  it('prints a file of YAML, its object only if the condition holds', () => {
    const manifest = { metadata: { namespace: releaseNamespace }, kind: 'ConfigMap', apiVersion: 'v1' }
    const condition = isOneOf(value('global.resourceScope'), ['all', 'namespace'])
    expect(printTemplate([{ condition, manifest }], { name: 'x', defaults: defaultValues })).toBe(`\
{{- $values := include "istio-cni.values" . | fromJson }}
{{- if has $values.global.resourceScope (list "all" "namespace") }}
apiVersion: v1
kind: ConfigMap
metadata:
  namespace: {{ .Release.Namespace | quote }}
{{- end }}
`)
  })

  it('separates the objects of a file, and asks for no values that it does not need', () => {
    const manifest = { apiVersion: 'v1', kind: 'ConfigMap' }
    expect(
      printTemplate([{ manifest }, { manifest: { ...manifest, data: {} } }], {
        name: 'x',
        defaults: defaultValues,
      }),
    ).toBe(`---
apiVersion: v1
kind: ConfigMap
---
apiVersion: v1
kind: ConfigMap
data: {}
`)
  })

  it('prints scalars so that YAML reads them as what they are', () => {
    expect(
      printed({ a: 'true', b: 'x', c: 1, y: false, d: '{{ x }}', e: value('hub'), f: value('healthPort') }),
    ).toBe(`\
a: "true"
b: x
c: 1
"y": false
d: {{ "{{ x }}" | quote }}
e: {{ $values.hub | quote }}
f: {{ toJson $values.healthPort }}
`)
  })

  it('prints texts of booleans and numbers', () => {
    expect(
      printed({
        a: asText(value('ambient.enabled')),
        b: asText(value('resourceQuotas.pods')),
        c: text`100%${appVersion}-${value('healthPort')}`,
        d: asYaml(value('ambient.enablementSelectors')),
        e: digest([value('ambient'), appVersion]),
        f: text`x-${digest([value('ambient'), when(value('hub'), 'a', 'b')])}`,
      }),
    ).toBe(`\
a: {{ $values.ambient.enabled | quote }}
b: {{ toJson $values.resourceQuotas.pods | quote }}
c: {{ printf "100%%%s-%s" .Chart.AppVersion (toJson $values.healthPort) | quote }}
d: |-
  {{- toYaml $values.ambient.enablementSelectors | nindent 4 }}
e: {{ list
    $values.ambient
    .Chart.AppVersion
  | toJson | sha256sum | quote }}
f: {{ printf "x-%s" (list $values.ambient (ternary "a" "b" (not (empty $values.hub))) | toJson | sha256sum) | quote }}
`)
  })

  it('prints conditions as blocks, with where the value itself is asked for', () => {
    expect(
      printed({
        a: when(value('hub'), value('hub')),
        b: when(value('affinity'), value('affinity')),
        c: when(equals(value('provider'), 'multus'), 'x', when(not(value('hub')), 'y', 'z')),
        d: when(any(any(value('hub'), value('tag')), value('image')), 'x'),
        e: when(not(equals(value('provider'), 'multus')), 'x'),
        f: when(not(equals(value('chained'), true)), 'x'),
        g: when(equals(value('chained'), true), 'x'),
      }),
    ).toBe(`\
{{- with $values.hub }}
a: {{ . | quote }}
{{- end }}
{{- with $values.affinity }}
b:
  {{- toYaml . | nindent 4 }}
{{- end }}
{{- if eq $values.provider "multus" }}
c: x
{{- else if not $values.hub }}
c: "y"
{{- else }}
c: z
{{- end }}
{{- if or $values.hub $values.tag $values.image }}
d: x
{{- end }}
{{- if ne $values.provider "multus" }}
e: x
{{- end }}
{{- if not $values.chained }}
f: x
{{- end }}
{{- if $values.chained }}
g: x
{{- end }}
`)
  })

  it('asks once for neighbours that depend on the same', () => {
    const on = value('ambient.enabled')
    expect(printed({ a: when(on, 1), b: when(on, 2), c: { d: when(on, 3) }, e: when(on, 4, 5) })).toBe(`\
{{- if $values.ambient.enabled }}
a: 1
b: 2
c:
  d: 3
{{- end }}
{{- if $values.ambient.enabled }}
e: 4
{{- else }}
e: 5
{{- end }}
`)
  })

  it('prints loops, and the root as $ inside them', () => {
    expect(
      printed({
        secrets: [each(value('imagePullSecrets'), (name) => ({ name, at: releaseNamespace }))],
        env: [{ name: 'X', at: 1 }, entries(value('env'), (name, given) => ({ name, value: asText(given) }))],
        tolerations: ['x', spread(value('tolerations'))],
      }),
    ).toBe(`\
{{- with $values.imagePullSecrets }}
secrets:
  {{- range $item := . }}
  - name: {{ toJson $item }}
    at: {{ $.Release.Namespace | quote }}
  {{- end }}
{{- end }}
env:
  - name: X
    at: 1
  {{- range $key, $value := $values.env }}
  - name: {{ $key | quote }}
    value: {{ include "istio-cni.text" $value | quote }}
  {{- end }}
tolerations:
  - x
  {{- with $values.tolerations }}
  {{- toYaml . | nindent 4 }}
  {{- end }}
`)
  })

  it('leaves out a list whose items are all absent, as evaluate does', () => {
    const template = [when(value('logging.level'), 'x'), when(value('global.logAsJson'), { a: 1 })]
    expect(printed({ a: 1, args: template })).toBe(`\
a: 1
{{- if or $values.logging.level $values.global.logAsJson }}
args:
  {{- if $values.logging.level }}
  - x
  {{- end }}
  {{- if $values.global.logAsJson }}
  - a: 1
  {{- end }}
{{- end }}
`)
  })

  it('begins an item with its name, else with what is always there', () => {
    const on = value('ambient.enabled')
    expect(
      printed({
        list: [
          { mountPath: '/x', name: 'x' },
          { a: when(on, 1), b: 2 },
          { c: when(on, 1), d: when(on, 2) },
        ],
      }),
    ).toBe(`\
list:
  - name: x
    mountPath: /x
  - b: 2
    {{- if $values.ambient.enabled }}
    a: 1
    {{- end }}
  {{- if $values.ambient.enabled }}
  - c: 1
    d: 2
  {{- end }}
`)
  })

  it('prints comments, absent with what they are about', () => {
    expect(
      printed({
        a: comment('Why it is so.', 1),
        b: comment('Only then.', when(value('hub'), 2)),
        list: [comment('First.', { name: 'x' })],
      }),
    ).toBe(`\
# Why it is so.
a: 1
{{- if $values.hub }}
# Only then.
b: 2
{{- end }}
list:
  # First.
  - name: x
`)
  })

  it('prints the base of an overlay as a template of its own', () => {
    expect(
      printed({
        labels: overlay({ app: 'x', rev: firstOf(value('revision'), 'default') }, value('podLabels'), {
          fixed: ['app'],
        }),
        resources: withoutEmpty(value('resources')),
      }),
    ).toBe(`\
labels:
  {{- include "istio-cni.overlay" (dict
    "base" (include "istio-cni.config-map.data.labels" $)
    "over" $values.podLabels
    "fixed" (list "app")) | nindent 4 }}
resources:
  {{- include "istio-cni.without-empty" $values.resources | nindent 4 }}

{{- define "istio-cni.config-map.data.labels" -}}
{{- $values := include "istio-cni.values" . | fromJson }}
app: x
rev: {{ or $values.revision "default" | quote }}
{{- end }}
`)
  })

  it('binds named expressions once, at the head', () => {
    const tag = named('tag', firstOf(value('tag'), appVersion))
    const image = named('image', when(value('hub'), text`${value('hub')}:${tag}`, 'x'))
    expect(
      printTemplate([{ manifest: { image, again: image, tag } }], { name: 'x', defaults: defaultValues }),
    ).toBe(`\
{{- $values := include "istio-cni.values" . | fromJson }}
{{- $tag := or $values.tag .Chart.AppVersion }}
{{- $image := "x" }}
{{- if $values.hub }}
  {{- $image = printf "%s:%s" $values.hub $tag }}
{{- end }}
image: {{ $image | quote }}
again: {{ $image | quote }}
tag: {{ $tag | quote }}
`)
  })

  it('includes what many maps share', () => {
    const shared = { name: 'istio-cni.labels', entries: { app: 'x', release: releaseNamespace } }
    const labels = { app: 'x', tier: 'y', release: releaseNamespace }
    const manifest = {
      all: labels,
      some: { app: 'x', tier: 'y' },
      list: [each(value('imagePullSecrets'), (name) => ({ name, labels }))],
    }
    expect(printTemplate([{ manifest }], { name: 'x', defaults: defaultValues, shared })).toBe(`\
{{- $values := include "istio-cni.values" . | fromJson }}
all:
  tier: "y"
  {{- include "istio-cni.labels" . | nindent 2 }}
some:
  app: x
  tier: "y"
{{- with $values.imagePullSecrets }}
list:
  {{- range $item := . }}
  - name: {{ toJson $item }}
    labels:
      tier: "y"
      {{- include "istio-cni.labels" $ | nindent 6 }}
  {{- end }}
{{- end }}
`)
    expect(printShared(shared, defaultValues)).toBe(`\
{{- define "istio-cni.labels" -}}
app: x
release: {{ .Release.Namespace | quote }}
{{- end }}
`)
  })

  it('refuses what it could not print right', () => {
    const secrets = value('imagePullSecrets')
    const refused = [
      { a: text`${when(value('hub'), 'x') as never}` },
      { a: each(secrets, (name) => name) },
      { a: [each(secrets, (name) => when(value('hub'), name))] },
      { a: [each(secrets, (name) => overlay({ a: name }, value('podLabels')))] },
      { a: [each(secrets, (name) => named('name', name))] },
      { a: named('x', value('hub')), b: named('x', value('tag')) },
      { a: named('values', value('hub')) },
      { a: all(...([] as unknown as [never])) },
    ]
    for (const template of refused)
      expect(() => printed(template)).toThrow(expect.objectContaining({ code: 'TEMPLATE_NOT_PRINTABLE' }))
  })
})
