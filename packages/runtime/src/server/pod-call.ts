import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import { CNI_ERROR, PLUGIN_HEADER } from '@istio-install-cni/config-schema'
import * as v from 'valibot'
import { CniError } from '../errors.ts'
import type { PodCall } from '../mesh/call.ts'

/** Longer than any id of Kubernetes or of a runtime. */
const longestHeader = 256
const shortText = v.pipe(v.string(), v.maxLength(4096))
const address = v.object({
  Address: v.object({
    IP: v.pipe(
      v.string(),
      v.check((text) => isIP(text) !== 0, 'an IP address'),
    ),
  }),
})

/** Body of `POST /cmdadd`; keys and spelling are the original's (cni/pkg/nodeagent/cni-watcher.go). */
const body = v.object({
  Netns: v.pipe(shortText, v.regex(/^\/[^\0]*$/, 'an absolute path')),
  PodName: v.pipe(shortText, v.nonEmpty()),
  PodNamespace: v.pipe(shortText, v.nonEmpty()),
  IPs: v.nullish(v.array(address), []),
})

/** @throws CniError 6 that names the key which is not as the contract says. */
export function podCallFrom(text: string, headers: IncomingHttpHeaders = {}): PodCall {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new CniError(CNI_ERROR.undecodable, 'the request is no JSON', '', cause)
  }
  const parsed = v.safeParse(body, json)
  if (!parsed.success) {
    const [issue] = parsed.issues
    throw new CniError(
      CNI_ERROR.undecodable,
      `the request's ${v.getDotPath(issue) ?? 'body'}: ${issue.message}`,
    )
  }
  const { Netns: netns, PodName: name, PodNamespace: namespace, IPs } = parsed.output
  const uid = headerIn(headers, PLUGIN_HEADER.podUid)
  const containerId = headerIn(headers, PLUGIN_HEADER.containerId)
  const addresses = (IPs ?? []).map((ip) => ip.Address.IP)
  return { namespace, name, netns, addresses, ...(uid && { uid }), ...(containerId && { containerId }) }
}

function headerIn(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name.toLowerCase()]
  return typeof value === 'string' && value.length <= longestHeader ? value : undefined
}
