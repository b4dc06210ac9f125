/** As the agent's installer writes it (install/kubeconfig-text.ts); the authority is the text `PEM`. */
export function kubeconfig(changes: { server?: string; trust?: string; token?: string } = {}): string {
  const {
    server = 'https://10.96.0.1:443',
    trust = 'certificate-authority-data: UEVN',
    token = 'T0KEN',
  } = changes
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
  name: istio-cni-context
current-context: istio-cni-context
kind: Config
users:
- name: istio-cni
  user:
    token: ${token}
`
}
