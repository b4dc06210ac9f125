import type { ApiClient } from './client.ts'
import { PodSourceError } from './source.ts'

const deadlineMs = 5_000

/**
 * One GET.
 * @returns the manifest; undefined when there is no such object
 * @throws PodSourceError when the API server cannot tell
 */
export async function getObject(client: ApiClient, path: string): Promise<unknown> {
  if (!client.isConfigured) throw new PodSourceError('no API server is known')
  const { status, body } = await client.call({ verb: 'get', path, deadlineMs })
  if (status === 404) return undefined
  if (status !== 200)
    throw new PodSourceError(`API server: GET ${path} was answered with ${status}${client.advice(status)}`)
  try {
    return JSON.parse(body)
  } catch (cause) {
    throw new PodSourceError(`API server: the answer to GET ${path} is no JSON`, { cause })
  }
}
