import { isIPv6 } from 'node:net'
import type { Settings } from '@istio-install-cni/config-schema'
import { kubeconfigContext } from './kubeconfig-context.ts'

/** Content as the original writes it (cni/pkg/install/kubeconfig.go): keys sorted, one cluster, one user. */
export function kubeconfigText(
  settings: Pick<Settings, 'kubernetesServiceHost' | 'kubernetesServicePort' | 'kubernetesServiceProtocol'>,
  token: string,
  authority: Uint8Array | undefined,
): string {
  const { kubernetesServiceHost: host, kubernetesServicePort: port } = settings
  const server = `${settings.kubernetesServiceProtocol}://${isIPv6(host) ? `[${host}]` : host}:${port}`
  const trust =
    authority === undefined
      ? 'insecure-skip-tls-verify: true'
      : `certificate-authority-data: ${Buffer.from(authority).toString('base64')}`
  return `apiVersion: v1
clusters:
- cluster:
    ${trust}
    server: ${server}
  name: local
contexts:
- context:
    cluster: local
    user: istio-cni
  name: ${kubeconfigContext}
current-context: ${kubeconfigContext}
kind: Config
users:
- name: istio-cni
  user:
    token: ${scalar(token)}
`
}

/** A JSON Web Token needs no quotes; whatever else might be read as something else than text gets them. */
function scalar(text: string): string {
  return /^(?!(?:true|false|null|yes|no|on|off|y|n)$)[A-Za-z_][\w.-]*$/i.test(text)
    ? text
    : JSON.stringify(text)
}
