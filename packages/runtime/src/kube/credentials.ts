import { readFile } from 'node:fs/promises'
import type { ApiServerAddress } from './server-address.ts'
import { PodSourceError } from './source.ts'

/** What a request carries; `ca` is absent where no certificate is verified. */
export interface Credentials {
  readonly token: string | undefined
  readonly ca: string | undefined
}

/** Tokens have 1 or 2 KB; a bundle of authorities may have a few hundred. */
const largestFile = 1 << 20

/**
 * Reads the service account's files anew, because the kubelet rotates both.
 * @throws PodSourceError that names the file
 */
export async function readCredentials(address: ApiServerAddress): Promise<Credentials> {
  const isPlain = address.protocol === 'http'
  const token = await read(address.tokenFile, isPlain)
  const ca = isPlain || address.skipTlsVerify ? undefined : await read(address.authorityFile, false)
  return { token: token?.trim(), ca }
}

async function read(path: string, mayBeAbsent: boolean): Promise<string | undefined> {
  try {
    const content = await readFile(path, 'utf8')
    if (content.length > largestFile) throw new Error('it is too large')
    return content
  } catch (cause) {
    if (mayBeAbsent) return undefined
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new PodSourceError(`the service account's file ${path} cannot be read: ${why}`, { cause })
  }
}
