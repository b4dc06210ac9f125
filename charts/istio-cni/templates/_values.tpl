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
    "hub" "tag" "variant" "imagePullPolicy" "imagePullSecrets" "logging" "logAsJson" "nativeNftables"
    "networkPolicy" "defaultResources" "resourceScope" "profile" "platform" "agentgateway" "arch" "caAddress"
    "caName" "certSigners" "configCluster" "configValidation" "defaultNodeSelector"
    "defaultPodDisruptionBudget" "defaultTolerations" "enableReaderRBAC" "externalIstiod" "ipFamilies"
    "ipFamilyPolicy" "istioNamespace" "istiod" "jwtPolicy" "meshID" "meshNetworks" "mountMtlsCerts"
    "multiCluster" "network" "omitSidecarInjectorConfigMap" "operatorManageWebhooks" "pilotCertProvider"
    "podDNSSearchNamespaces" "priorityClassName" "proxy" "proxy_init" "readerServiceAccount"
    "remotePilotAddress" "revision" "sds" "sts" "tracer" "trustBundleName" "waypoint" }}
  {{- range $key, $_ := $global }}
    {{- if not (has $key $known) }}
      {{- fail (printf "global.%s: not a value of this chart; those below global are hub, tag, variant, imagePullPolicy, imagePullSecrets, logging, logAsJson, nativeNftables, networkPolicy, defaultResources, resourceScope, profile, platform" $key) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- $cni := .Values.cni | default dict }}
{{- $profileName := .Values.profile | default $global.profile | default "" }}
{{- $compatibilityVersionName := .Values.compatibilityVersion | default "" }}
{{- $platformName := .Values.platform | default $global.platform | default "" }}
{{- $profile := include "istio-cni.layer" (dict
  "root" $ "key" "profile" "name" $profileName "prefix" "profile-"
  "known" (list "ambient" "demo" "preview" "remote" "stable")) | fromYaml }}
{{- $compatibilityVersion := include "istio-cni.layer" (dict
  "root" $ "key" "compatibilityVersion" "name" $compatibilityVersionName "prefix" "profile-compatibility-version-"
  "known" (list "1.25" "1.26" "1.27" "1.28" "1.29" "1.30")) | fromYaml }}
{{- $platform := include "istio-cni.layer" (dict
  "root" $ "key" "platform" "name" $platformName "prefix" "profile-platform-"
  "known" (list "aks" "bottlerocket" "cos" "eks" "gke" "k0s" "k3d" "k3s" "kind" "microk8s" "minikube" "openshift" "rke2" "talos")) | fromYaml }}
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
  "ambient" "ambient.probeAddress" "repair" "resourceQuotas" "logging" "podMonitor" "test" "global" "global.logging" "global.networkPolicy")) }}
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
