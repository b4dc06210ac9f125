import { request } from 'node:http'
import { join } from 'node:path'
import type { Ask } from './demo-pod.ts'

/** Asks the agent as the plugin does at CHECK: what it decided about the pod, and that the rules are in place. */
export function askAgent(runDir: string): Ask {
  return ({ pod }, netns, address) => {
    const IPs =
      address === '' ? null : [{ Interface: 0, Address: { IP: address, Mask: '//8AAA==' }, Gateway: '' }]
    const body = JSON.stringify({ Netns: netns, PodName: pod.name, PodNamespace: pod.namespace, IPs })
    return new Promise((resolve, reject) => {
      const options = { socketPath: join(runDir, 'pluginevent.sock'), path: '/cmdcheck', method: 'POST' }
      const call = request(options, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
        })
        response.on('end', () => {
          if (response.statusCode === 200) resolve(JSON.parse(text) as { decision: string; because: string })
          else reject(new Error(`the agent answered ${response.statusCode}: ${text}`))
        })
      })
      call.on('error', reject)
      call.end(body)
    })
  }
}
