{{- /*
A map of the chart laid under one of the user's: takes "base" (text, YAML), "over" (map), "fixed" (keys of the
base that stay as they are) and "asText" (whether values of "over" become text). Gives YAML.
*/}}
{{- define "istio-cni.overlay" -}}
{{- $result := fromYaml .base }}
{{- $fixed := .fixed | default list }}
{{- $asText := .asText }}
{{- range $key, $value := .over }}
  {{- if not (has $key $fixed) }}
    {{- if $asText }}
      {{- $value = include "istio-cni.text" $value }}
    {{- end }}
    {{- $_ := set $result $key $value }}
  {{- end }}
{{- end }}
{{- toYaml $result }}
{{- end }}

{{- /* A scalar as text: true as "true", 1000000 as "1000000" and not as 1e+06. */}}
{{- define "istio-cni.text" -}}
{{- if kindIs "string" . }}{{ . }}{{ else }}{{ toJson . }}{{ end }}
{{- end }}

{{- /* A map without what is null or "", nor what holds nothing else, at any depth. Gives YAML. */}}
{{- define "istio-cni.without-empty" -}}
{{- $result := dict }}
{{- range $key, $value := . }}
  {{- if kindIs "map" $value }}
    {{- $value = include "istio-cni.without-empty" $value | fromYaml }}
    {{- if $value }}
      {{- $_ := set $result $key $value }}
    {{- end }}
  {{- else if not (or (kindIs "invalid" $value) (eq (toString $value) "")) }}
    {{- $_ := set $result $key $value }}
  {{- end }}
{{- end }}
{{- toYaml $result }}
{{- end }}

{{- /* Labels of every object. */}}
{{- define "istio-cni.labels" -}}
app.kubernetes.io/name: istio-cni
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/part-of: istio
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" | quote }}
{{- end }}
