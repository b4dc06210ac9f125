import { valueRows, WHOLE_REFERENCE } from '@istio-install-cni/config-schema'
import { foreignKeys, quotedLines } from './keys.ts'

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

Only the cluster's own objects were made (global.resourceScope=cluster): install once more with "namespace", into this same namespace, for the rest.
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
${quotedLines(foreignKeys('properties'), '  ')} }}
{{- range list
  (dict "at" "" "given" $given "known" (concat (keys $own) $ofOthers))
  (dict "at" "cni." "given" .Values.cni "known" (append (keys (omit $own "global")) "enabled")) }}
  {{- $place := . }}
  {{- range $key, $_ := (.given | default dict) }}
    {{- if not (has $key $place.known) }}
      {{- $warnings = append $warnings (printf "%s%s is not known to this chart and has no effect." $place.at $key) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- $values := include "istio-cni.values" . | fromJson }}
{{- $beside := list }}
{{- if regexMatch \`${WHOLE_REFERENCE}\` $values.image }}
  {{- $beside = list "hub" "tag" "variant" }}
{{- else if contains "/" $values.image }}
  {{- $beside = list "hub" "variant" }}
{{- end }}
{{- range $key := $beside }}
  {{- range list $key (printf "cni.%s" $key) (printf "global.%s" $key) }}
    {{- $isShared := and (hasPrefix "global." .) (ne $key "variant") }}
    {{- if and (not $isShared) (include "istio-cni.is-given" (prepend (splitList "." .) $given)) }}
      {{- $warnings = append $warnings (printf "%s has no effect beside image=%s." . $values.image) }}
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

const ineffective = (): string =>
  valueRows
    .filter((row) => row.effect === 'none' || row.deprecated !== undefined)
    .map((row) => `  ${JSON.stringify(row.path)} ${JSON.stringify(warningOf(row))}`)
    .join('\n')

const warningOf = (row: (typeof valueRows)[number]): string => {
  const effect = row.effect === 'none' ? 'has no effect.' : 'is deprecated.'
  return row.deprecated === undefined ? effect : `${effect} Write ${row.deprecated} instead.`
}
