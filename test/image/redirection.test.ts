// The image's agent in a container, as a DaemonSet confines it; the pods beside it, as a runtime makes them.
import { AGENT_CAPABILITIES } from '@istio-install-cni/config-schema'
import { afterEach, describe, expect, inject, it } from 'vitest'
import { NodeBed, prevResult, rulesIn } from '../agent/node-bed.ts'
import { httpGet } from '../testbed/agent-process.ts'
import { addChain } from '../testbed/chain.ts'
import { command } from '../testbed/commands.ts'
import { type Confinement, Container } from './container.ts'

const image = inject('runtimeImage')
const all = Object.keys(AGENT_CAPABILITIES)
const withoutRaw = all.filter((name) => name !== 'NET_RAW')
const nft = { NATIVE_NFTABLES: 'true' }

let bed: NodeBed
let container: Container | undefined

afterEach(async () => {
  await container?.close()
  container = undefined
  await bed.close()
})

/** Starts the agent and waits until it is ready. */
async function agentIn(confinement: Confinement, env: Readonly<Record<string, string>>): Promise<void> {
  bed = await NodeBed.create({ withNetwork: true })
  container = await Container.start(image, {
    confinement,
    ...(bed.network !== undefined && { network: bed.network.path }),
    env: { PODS_FROM: '/pods', CNI_AGENT_RUN_DIR: bed.runDir, ...env },
    mounts: [
      { from: bed.netDir, to: '/host/etc/cni/net.d' },
      { from: bed.binDir, to: '/host/opt/cni/bin' },
      { from: await bed.madeRunDir(), to: bed.runDir },
      { from: bed.podsDir, to: '/pods' },
      { from: '/proc', to: '/host/proc' },
      { from: '/run/netns', to: '/host/var/run/netns', hostToContainer: true },
    ],
  })
  const gone = container.ended().then((exit) => {
    throw new Error(`the agent ended with ${exit}:\n${container?.output}`)
  })
  gone.catch(() => {})
  const ready = async () => (await httpGet(8000, '/readyz', bed.network?.path))?.status === 200
  while (!(await Promise.race([ready(), gone]))) await new Promise((resolve) => setTimeout(resolve, 50))
}

interface Case {
  readonly confinement: Confinement
  readonly env?: Readonly<Record<string, string>>
}

const cases: Readonly<Record<string, Case>> = {
  "as the image's user, with the capabilities alone": { confinement: { capabilities: all } },
  'and a root file system that is read-only': {
    confinement: { capabilities: all, readOnlyRootFilesystem: true },
  },
  'and nftables, without NET_RAW': { confinement: { capabilities: withoutRaw }, env: nft },
  "as the image's user, privileged": { confinement: { capabilities: 'all' } },
  'as any other user': { confinement: { user: 1000, capabilities: all } },
  'as root, with the capabilities alone, and none to gain': {
    confinement: {
      user: 0,
      capabilities: all,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
    },
  },
  'as root, privileged': { confinement: { user: 0, capabilities: 'all' } },
  'as root, privileged, with nftables': { confinement: { user: 0, capabilities: 'all' }, env: nft },
}

describe('the agent of the image redirects a pod', () => {
  it.each(Object.entries(cases))('%s', async (_name, { confinement, env = {} }) => {
    await agentIn(confinement, env)
    const pod = await bed.createPod('meshed')
    const { result } = await addChain(await bed.ourChain(), [bed.binDir], pod, prevResult)
    expect(result).toEqual(prevResult)
    const rules =
      env === nft
        ? await command('nsenter', `--net=${pod.netns}`, 'nft', 'list', 'ruleset')
        : await rulesIn(pod)
    expect(rules).toContain(env === nft ? 'redirect to :15001' : '-j REDIRECT --to-ports 15001')
  })
})
