import { defaultValues, valueRows, valuesSchema } from '@istio-install-cni/config-schema'

/** The defaults that values.yaml has. */
const { platform: _, ...defaults } = defaultValues

/** `templates/NOTES.txt`: what was installed, how to see that it works, and which values do nothing. */
export const notesTemplate = (): string => `\
{{- $values := include "istio-cni.values" . | fromJson }}
{{- $namespace := .Release.Namespace }}
Istio CNI {{ .Chart.AppVersion }} ("{{ .Release.Name }}" in namespace {{ $namespace }}): {{ if $values.ambient.enabled -}}
  sidecar and ambient mode.
{{- else -}}
  sidecar mode. Ambient mode is off: --set profile=ambient turns it on.
{{- end }}
{{- if eq $values.global.resourceScope "cluster" }}

Only the cluster's own objects were made (global.resourceScope=cluster): install once more with "namespace" for the rest.
{{- else }}

An agent runs on every node and puts the plugin into the node's CNI configuration ({{ $values.cniConfDir }}).
To see that it works:

  kubectl get daemonset -n {{ $namespace }} istio-cni-node
  kubectl rollout status -n {{ $namespace }} daemonset/istio-cni-node
  kubectl logs -n {{ $namespace }} -l k8s-app=istio-cni-node --tail=20
{{- if $values.test.enabled }}
  helm test -n {{ $namespace }} {{ .Release.Name }}
{{- end }}
{{- end }}
{{- range include "istio-cni.without-effect" . | fromJsonArray }}

WARNING: {{ . }}
{{- end }}
`

/** `templates/_notes.tpl`: what NOTES.txt warns of. */
export const notesHelpersTemplate = (): string => `\
{{- /* Warnings, as a list in JSON. */}}
{{- define "istio-cni.without-effect" }}
{{- $given := omit .Values "_internal_defaults_do_not_set" "_merged" }}
{{- $warnings := list }}
{{- range $path, $warning := dict
${ineffective()} }}
  {{- range list $path (printf "cni.%s" $path) }}
    {{- if include "istio-cni.is-given" (prepend (splitList "." .) $given) }}
      {{- $warnings = append $warnings (printf "%s %s" . $warning) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- /* The schema refuses unknown keys; whoever skips it reads of them here. */}}
{{- $own := .Files.Get "files/defaults.yaml" | fromYaml }}
{{- $ofOthers := list
${quotedLines(foreignKeys('properties'))} }}
{{- $ofOthersInGlobal := list
${quotedLines(foreignKeys('definitions', 'global', 'properties'))} }}
{{- range list
  (dict "at" "" "given" $given "known" (concat (keys $own) $ofOthers))
  (dict "at" "cni." "given" .Values.cni "known" (append (keys (omit $own "global")) "enabled"))
  (dict "at" "global." "given" .Values.global "known" (concat (keys $own.global) $ofOthersInGlobal)) }}
  {{- $place := . }}
  {{- range $key, $_ := (.given | default dict) }}
    {{- if not (has $key $place.known) }}
      {{- $warnings = append $warnings (printf "%s%s is not known to this chart and has no effect." $place.at $key) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- toJson $warnings }}
{{- end }}

{{- /* Takes a map and a path into it; gives "true" if something is there. */}}
{{- define "istio-cni.is-given" }}
{{- $at := first . }}
{{- $isGiven := true }}
{{- range rest . }}
  {{- if and $isGiven (kindIs "map" $at) (hasKey $at .) }}
    {{- $at = get $at . }}
  {{- else }}
    {{- $isGiven = false }}
  {{- end }}
{{- end }}
{{- if $isGiven }}true{{ end }}
{{- end }}
`

/** Keys at a place of the schema that are none of the chart's defaults: choices, and values of Istio's other charts. */
const foreignKeys = (...place: readonly string[]): string[] => {
  const at = (tree: unknown, key: string): unknown => (tree as Record<string, unknown>)[key]
  const own: object = place.includes('global') ? defaultValues.global : defaults
  const known = Object.keys(place.reduce(at, valuesSchema() as unknown) as object)
  return known.filter((key) => !Object.hasOwn(own, key))
}

const ineffective = (): string =>
  valueRows
    .filter((row) => row.effect === 'none' || row.deprecated !== undefined)
    .map((row) => `  ${JSON.stringify(row.path)} ${JSON.stringify(warningOf(row))}`)
    .join('\n')

const warningOf = (row: (typeof valueRows)[number]): string => {
  const effect = row.effect === 'none' ? 'has no effect.' : 'is deprecated.'
  return row.deprecated === undefined ? effect : `${effect} Write ${row.deprecated} instead.`
}

const WIDTH = 110

const quotedLines = (words: readonly string[]): string => {
  const lines: string[] = []
  for (const word of words.map((each) => JSON.stringify(each))) {
    const last = lines.at(-1)
    if (last === undefined || last.length + word.length + 1 > WIDTH) lines.push(`  ${word}`)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines.join('\n')
}
