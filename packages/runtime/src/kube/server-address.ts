import { SERVICE_ACCOUNT_DIR, type Settings } from '@istio-install-cni/config-schema'

/** Where the API server is, and with which files of the agent's service account it is asked. */
export interface ApiServerAddress {
  readonly protocol: 'https' | 'http'
  /** Empty when no API server is known. */
  readonly host: string
  readonly port: number
  readonly tokenFile: string
  readonly authorityFile: string
  /** The server's certificate is not looked at. */
  readonly skipTlsVerify: boolean
}

export function apiServerAddress(settings: Settings): ApiServerAddress {
  return {
    protocol: settings.kubernetesServiceProtocol,
    host: settings.kubernetesServiceHost,
    port: settings.kubernetesServicePort,
    tokenFile: `${SERVICE_ACCOUNT_DIR}/token`,
    authorityFile: settings.kubeCaFile,
    skipTlsVerify: settings.skipTlsVerify,
  }
}
