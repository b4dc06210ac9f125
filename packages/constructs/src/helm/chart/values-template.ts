import {
  compatibilityVersions,
  defaultValues,
  platforms,
  profiles,
  valueSections,
} from '@istio-install-cni/config-schema'
import { foreignKeys, quotedLines } from './keys.ts'

/** The values that choose a layer: where each is written, and the files that hold its layers. */
const choices = [
  { key: 'profile', prefix: 'profile-', names: Object.keys(profiles) },
  {
    key: 'compatibilityVersion',
    prefix: 'profile-compatibility-version-',
    names: Object.keys(compatibilityVersions),
  },
  { key: 'platform', prefix: 'profile-platform-', names: Object.keys(platforms) },
] as const

/** The layers as files of the chart. */
export const layerFiles = (layerText: (layer: object) => string): [string, string][] =>
  (
    [
      ['profile-', profiles],
      ['profile-compatibility-version-', compatibilityVersions],
      ['profile-platform-', platforms],
    ] as const
  ).flatMap(([prefix, layers]) =>
    Object.entries(layers).map(([name, layer]): [string, string] => [
      `files/${prefix}${name}.yaml`,
      layerText(layer),
    ]),
  )

const choiceLines = choices.map(({ key, prefix, names }) => {
  const known = names.map((name) => JSON.stringify(name)).join(' ')
  return `\
{{- $${key} := include "istio-cni.layer" (dict
  "root" $ "key" "${key}" "name" $${key}Name "prefix" "${prefix}"
  "known" (list ${known})) | fromYaml }}`
})

const sections = [...valueSections.keys()].map((path) => JSON.stringify(path)).join(' ')
const ownGlobals = Object.keys(defaultValues.global)
const globals = [...ownGlobals, ...foreignKeys('definitions', 'global', 'properties')]

/** \`templates/_values.tpl\`: the merge. What \`resolveValues\` does, for Helm. */
export const valuesTemplate = `\
{{- /*
The values that the templates read, as JSON: the chart's defaults, overlaid with profile, compatibility version,
platform, the user's values at the root, and those under "cni". What the user wrote goes before every profile.
*/}}
{{- define "istio-cni.values" -}}
{{- /* Every file asks for them; the answer stays the same. */}}
{{- if not (hasKey .Values "_merged") }}
  {{- $_ := set .Values "_merged" (include "istio-cni.merged" .) }}
{{- end }}
{{- .Values._merged }}
{{- end }}

{{- define "istio-cni.merged" -}}
{{- if hasKey .Values "defaults" }}
  {{- fail "defaults: not a prefix for values. Write them without it: not defaults.hub, but hub." }}
{{- end }}
{{- $global := .Values.global | default dict }}
{{- if .Chart.IsRoot }}
  {{- /* In a chart of charts, others share their values in the same place. */}}
  {{- $known := list
${quotedLines(globals, '    ')} }}
  {{- range $key, $_ := $global }}
    {{- if not (has $key $known) }}
      {{- fail (printf "global.%s: not a value of this chart; those below global are ${[...ownGlobals, 'profile', 'platform'].join(', ')}" $key) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- $cni := .Values.cni | default dict }}
{{- $profileName := .Values.profile | default $global.profile | default "" }}
{{- $compatibilityVersionName := .Values.compatibilityVersion | default "" }}
{{- $platformName := .Values.platform | default $global.platform | default "" }}
${choiceLines.join('\n')}
{{- $given := omit .Values "_internal_defaults_do_not_set" "cni" }}
{{- $values := dict }}
{{- /* With --reuse-values they are those of the release before, and lack what is new. */}}
{{- $ownDefaults := .Files.Get "files/defaults.yaml" | fromYaml }}
{{- range list $ownDefaults .Values._internal_defaults_do_not_set $profile $compatibilityVersion $platform $given $cni }}
  {{- range $key, $value := . }}
    {{- include "istio-cni.put" (dict "into" $values "key" $key "value" $value "parent" "") }}
  {{- end }}
{{- end }}
{{- $secrets := list }}
{{- range concat ($global.imagePullSecrets | default list) (.Values.imagePullSecrets | default list) ($cni.imagePullSecrets | default list) }}
  {{- $name := . }}
  {{- if kindIs "map" . }}
    {{- $name = .name }}
  {{- end }}
  {{- if not (has $name $secrets) }}
    {{- $secrets = append $secrets $name }}
  {{- end }}
{{- end }}
{{- $_ := set $values "imagePullSecrets" $secrets }}
{{- range list $values $values.global }}
  {{- if not (kindIs "string" .tag) }}
    {{- $_ := set . "tag" (int64 .tag | toString) }}
  {{- end }}
{{- end }}
{{- $_ := set $values "platform" $platformName }}
{{- toJson $values }}
{{- end }}

{{- /*
Puts "value" at "key" "into" a map: maps merge, everything else replaces, null takes away. Where values of the chart
stand, for which "parent" is the path, null is no list, or says nothing. Gives nothing.
*/}}
{{- define "istio-cni.put" -}}
{{- $isValue := hasKey . "parent" }}
{{- $path := printf "%s%s" (.parent | default "") .key }}
{{- $isSection := and $isValue (has $path (list
  ${sections})) }}
{{- if kindIs "invalid" .value }}
  {{- if not $isValue }}
    {{- $_ := unset .into .key }}
  {{- else if kindIs "slice" (get .into .key) }}
    {{- $_ := set .into .key list }}
  {{- end }}
{{- else if kindIs "map" .value }}
  {{- $into := dict }}
  {{- if kindIs "map" (get .into .key) }}
    {{- $into = get .into .key }}
  {{- end }}
  {{- $_ := set .into .key $into }}
  {{- range $key, $value := .value }}
    {{- $entry := dict "into" $into "key" $key "value" $value }}
    {{- if $isSection }}
      {{- $_ := set $entry "parent" (printf "%s." $path) }}
    {{- end }}
    {{- include "istio-cni.put" $entry }}
  {{- end }}
{{- else if kindIs "slice" .value }}
  {{- $items := list }}
  {{- range .value }}
    {{- $item := dict "item" nil }}
    {{- if not (kindIs "invalid" .) }}
      {{- include "istio-cni.put" (dict "into" $item "key" "item" "value" .) }}
    {{- end }}
    {{- $items = append $items $item.item }}
  {{- end }}
  {{- $_ := set .into .key $items }}
{{- else }}
  {{- $_ := set .into .key .value }}
{{- end }}
{{- end }}

{{- /* The layer that a value names, as YAML; nothing if it names none. */}}
{{- define "istio-cni.layer" -}}
{{- if .name }}
  {{- if not (has .name .known) }}
    {{- fail (printf "%s=%v: expected one of %s" .key .name (join ", " .known)) }}
  {{- end }}
  {{- .root.Files.Get (printf "files/%s%v.yaml" .prefix .name) }}
{{- end }}
{{- end }}
`
