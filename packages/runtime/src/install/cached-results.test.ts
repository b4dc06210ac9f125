import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cachedResultNamingUs } from './cached-results.ts'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cache-test-'))
  await mkdir(join(directory, 'results'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const found = () => cachedResultNamingUs([directory], undefined)

/** As libcni writes it: the configuration's bytes in Base64. */
function cachedResult(...types: string[]): string {
  const config = { cniVersion: '1.0.0', name: 'pods', plugins: types.map((type) => ({ type, ä: 'ö' })) }
  return JSON.stringify({
    kind: 'cniCacheV1',
    containerId: 'c0',
    config: Buffer.from(JSON.stringify(config)).toString('base64'),
    ifName: 'eth0',
    networkName: 'pods',
    result: { cniVersion: '1.0.0', dns: {} },
  })
}

describe('cachedResultNamingUs', () => {
  it('finds our plugin in the configuration that libcni has cached in Base64', async () => {
    await writeFile(join(directory, 'results/pods-c0-eth0'), cachedResult('bridge', 'portmap'))
    expect(await found()).toBeUndefined()
    await writeFile(join(directory, 'results/pods-c1-eth0'), cachedResult('bridge', 'istio-cni'))
    expect(await found()).toMatch(/pods-c1-eth0 names the plugin/)
  })

  it('looks where older runtimes keep them too', async () => {
    await mkdir(join(directory, 'cache/results'), { recursive: true })
    await writeFile(join(directory, 'cache/results/pods-c0-eth0'), cachedResult('istio-cni'))
    expect(await found()).toMatch(/cache\/results\/pods-c0-eth0/)
  })

  it('takes what it cannot understand by its bytes, and what it cannot read as naming us', async () => {
    await writeFile(join(directory, 'results/a'), '{"config":"e30=')
    expect(await found()).toBeUndefined()
    await writeFile(join(directory, 'results/b'), '{"plugins":[{"type":"istio-cni"}')
    expect(await found()).toMatch(/results\/b names/)
    await writeFile(join(directory, 'results/b'), Buffer.alloc(4 * 1024 * 1024 + 1))
    expect(await found()).toMatch(/results\/b is no cached result that can be read/)
  })

  it('is content with a node that has cached nothing, unless the directory should be mounted and is not', async () => {
    await rm(directory, { recursive: true })
    expect(await found()).toBeUndefined()
    const container = [{ mountPoint: '/', root: '/', type: 'overlay' }]
    expect(await cachedResultNamingUs([directory], container)).toMatch(/is not mounted from the node/)
  })
})
