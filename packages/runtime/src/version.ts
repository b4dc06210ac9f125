import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ISTIO_VERSION, PLUGIN_NAME } from '@istio-install-cni/config-schema'

/** Set by the bundler. */
declare const BUILD_COMMIT: string | undefined
const commit = typeof BUILD_COMMIT === 'string' ? BUILD_COMMIT : 'unknown'

const deadlineMs = 5_000
const environment = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' }

/** Of the agent and of what it is made of, asked of the very files. @param plugins the image's directory of plugins */
export async function versionText(version: string, plugins: string): Promise<string> {
  const parts = {
    Istio: ISTIO_VERSION,
    commit,
    QuickJS: await versionOf(join(plugins, PLUGIN_NAME), 'version'),
    nft: await versionOf('nft', '--version'),
    iptables: await versionOf('iptables-nft', '--version'),
  }
  const rows = Object.entries(parts).map(([name, value]) => `${name.padEnd(8)}  ${value}\n`)
  return `install-cni ${version} (Node ${process.version})\n${rows.join('')}`
}

/** The last number that looks like a version. */
async function versionOf(program: string, argument: string): Promise<string> {
  try {
    const options = { env: environment, timeout: deadlineMs, maxBuffer: 4096 }
    const { stdout } = await promisify(execFile)(program, [argument], options)
    return stdout.match(/\d+(?:\.\d+)+/g)?.at(-1) ?? 'unknown'
  } catch {
    return 'not here'
  }
}
