import { CHART_NAME, valuesReference } from '@istio-install-cni/config-schema'
import type { ChartMetadata } from './chart-metadata.ts'

/** `README.md`: how to install the chart, and every value. */
export const readme = ({ version, appVersion }: ChartMetadata): string => `\
# Istio CNI

Chart \`${CHART_NAME}\` ${version}: the Istio CNI node agent and plugin ${appVersion}. An agent on every node puts the plugin into
the node's CNI configuration; the plugin redirects the traffic of pods in the mesh, so that they need neither privileges nor
an init container. Needs Kubernetes 1.28 or newer.

## Install

\`\`\`sh
kubectl create namespace istio-system
kubectl create secret docker-registry dhi-pull-secret -n istio-system \\
  --docker-server=dhi.io --docker-username=<user> --docker-password=<token>

helm install istio-cni istio/cni -n istio-system \\
  --set cni.image=dhi.io/istio-install-cni --set cni.tag=${appVersion} \\
  --set global.imagePullSecrets[0]=dhi-pull-secret
\`\`\`

Ambient mode: add \`--set profile=ambient\`. On a distribution of Kubernetes with directories of its own: \`--set platform=<name>\`.

Values may stand at the root or below \`cni.\`; the latter go first. What you write goes before every profile and platform.

## See that it works

\`\`\`sh
kubectl get daemonset -n istio-system istio-cni-node
kubectl logs -n istio-system -l k8s-app=istio-cni-node --tail=20
helm test -n istio-system istio-cni
\`\`\`

## Upgrade and uninstall

\`helm upgrade\` works in place, also from the release of the original chart: names and selectors are the same.
\`helm uninstall\` deletes the agent's objects first of all; the agents, as they stop, take the plugin off their nodes.

${valuesBelow()}`

/** The reference, a heading deeper, without links to pages that the chart does not have. */
const valuesBelow = (): string =>
  valuesReference()
    .replaceAll(/^<!--.*-->\n\n?/gm, '')
    .replaceAll(/^(#+ )/gm, '#$1')
    .replaceAll(/\[([^\]]+)\]\([^)]*\.md[^)]*\)/g, '$1')
