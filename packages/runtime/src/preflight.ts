import { hostname } from 'node:os'
import { nodeName, type Settings } from '@istio-install-cni/config-schema'
import { lackOf, neededCapabilities, ownPrivileges } from './capabilities.ts'
import { AgentError } from './errors.ts'
import { type Report, reportOf } from './findings.ts'
import { found } from './install/installed.ts'
import { readyForInstallation } from './install/preflight.ts'
import { ApiClient } from './kube/client.ts'
import { apiServerAddress } from './kube/server-address.ts'
import { NetworkNamespaces } from './netns/index.ts'

const apiDeadlineMs = 5_000

/** `install-cni check`: could an agent with these settings work in this container? Changes nothing. */
export async function preflight(settings: Settings): Promise<Report> {
  return reportOf([
    await found('capabilities', () => capabilities(settings)),
    ...(await readyForInstallation(settings)),
    await found('kernel', () => backend(settings)),
    await found('API server', () => apiServer(settings)),
  ])
}

async function capabilities(settings: Settings): Promise<string> {
  const privileges = await ownPrivileges()
  const needed = neededCapabilities(settings)
  const lack = lackOf(privileges, needed)
  if (lack !== undefined) throw new AgentError(lack.says)
  return `user ${privileges.userId} has ${needed.join(', ')}`
}

async function backend(settings: Settings): Promise<string> {
  const { nativeNftables, forceIptablesBinary } = settings
  const namespaces = new NetworkNamespaces({ iptables: forceIptablesBinary || undefined })
  try {
    const { iptables, ip6tables, nft, reasons } = await namespaces.detectBackends()
    const chosen = nativeNftables ? nft && 'native nftables' : iptables && `iptables (${iptables})`
    if (!chosen) throw new AgentError(reasons.join('\n'))
    const ipv6 = nativeNftables || ip6tables !== undefined ? '' : ', IPv4 alone'
    return [`pods can be redirected by ${chosen}${ipv6}`, ...reasons].join('\n')
  } finally {
    await namespaces.close()
  }
}

/** What the agent will ask first. */
async function apiServer(settings: Settings): Promise<string> {
  if (settings.podsFrom !== '') return `is not needed: pods come from ${settings.podsFrom}`
  const address = apiServerAddress(settings)
  const client = new ApiClient(address, () => {})
  if (!client.isConfigured) throw new AgentError('KUBERNETES_SERVICE_HOST is empty')
  const where = `${address.protocol}://${address.host}:${address.port}`
  const selector = encodeURIComponent(`spec.nodeName=${nodeName(settings) || hostname()}`)
  const path = `/api/v1/pods?limit=1&fieldSelector=${selector}`
  const { status } = await client.call({ verb: 'get', path, deadlineMs: apiDeadlineMs })
  client.close()
  if (status !== 200) throw new AgentError(`${where} answers ${status} to a list of this node's pods`)
  return `${where} lists this node's pods`
}
