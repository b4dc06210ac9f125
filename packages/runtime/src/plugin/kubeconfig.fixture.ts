import { kubeconfigText } from '../install/kubeconfig-text.ts'

const server = {
  kubernetesServiceProtocol: 'https',
  kubernetesServiceHost: '10.96.0.1',
  kubernetesServicePort: 443,
} as const

/** As the agent's installer writes it, for one server and the token `T0KEN`; the authority is the text `PEM`. */
const installed = kubeconfigText(server, 'T0KEN', Buffer.from('PEM'))

export function kubeconfig(changes: { server?: string; trust?: string; token?: string } = {}): string {
  return installed
    .replace('https://10.96.0.1:443', changes.server ?? '$&')
    .replace('certificate-authority-data: UEVN', changes.trust ?? '$&')
    .replace('T0KEN', changes.token ?? '$&')
}
