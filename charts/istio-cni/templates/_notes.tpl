{{- /* Warnings, as a list in JSON. */}}
{{- define "istio-cni.without-effect" }}
{{- $given := omit .Values "_internal_defaults_do_not_set" "_merged" }}
{{- $warnings := list }}
{{- range $path, $warning := dict
  "ambient.configDir" "has no effect."
  "repair.hub" "has no effect."
  "repair.tag" "has no effect."
  "repair.image" "has no effect."
  "repair.createEvents" "has no effect."
  "logLevel" "has no effect. Write logging.level instead."
  "psp_cluster_role" "has no effect."
  "resource_quotas" "has no effect. Write resourceQuotas instead."
  "rollingMaxUnavailable" "has no effect. Write updateStrategy.rollingUpdate.maxUnavailable instead." }}
  {{- range list $path (printf "cni.%s" $path) }}
    {{- if include "istio-cni.is-given" (prepend (splitList "." .) $given) }}
      {{- $warnings = append $warnings (printf "%s %s" . $warning) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- /* The schema refuses unknown keys; whoever skips it reads of them here. */}}
{{- $own := .Files.Get "files/defaults.yaml" | fromYaml }}
{{- $ofOthers := list
  "_internal_defaults_do_not_set" "cni" "profile" "platform" "compatibilityVersion" "enabled" "base"
  "defaultRevision" "experimental" "gatewayClasses" "gateways" "istio_cni" "istiodRemote" "meshConfig" "pilot"
  "revisionTags" "sidecarInjectorWebhook" "telemetry" "ztunnel" }}
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
{{- if regexMatch `[:@][^/]*$` $values.image }}
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
