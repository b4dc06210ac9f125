import { spawn } from 'node:child_process'
import { afterAll, describe, expect, it } from 'vitest'
import { NetworkNamespaces } from '../../packages/runtime/src/netns/namespaces.ts'
import type { KernelProgram } from '../../packages/runtime/src/rules/program.ts'
import { ambientPodCases } from '../conformance/ambient-pod-cases.ts'
import { ambientProgramsFor } from './ambient-pods.ts'
import { programsFor, sidecarPod } from './programs.ts'
import { ScratchNetwork } from './scratch-network.ts'

const namespaces = new NetworkNamespaces({ iptables: 'nft', workers: 1 })
afterAll(() => namespaces.close())

const dual = ['10.77.0.2/16', 'fd00:77::2/64']
const tproxy = sidecarPod({ annotations: { 'sidecar.istio.io/interceptionMode': 'TPROXY' } })

/** Who has changed nf_tables in a namespace meanwhile, by the names of the processes. */
async function writersIn(network: ScratchNetwork, work: () => Promise<unknown>): Promise<string[]> {
  const monitor = spawn('nsenter', [`--net=${network.path}`, 'nft', 'monitor'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let told = ''
  monitor.stdout.setEncoding('utf8').on('data', (text: string) => {
    told += text
  })
  const heard = async (name: string) => {
    while (!told.includes(name))
      await network.shell(`nft add table inet ${name}; nft delete table inet ${name}`)
  }
  try {
    await heard('before')
    await work()
    await heard('after')
  } finally {
    monitor.kill()
  }
  const processes = [...told.matchAll(/# new generation \d+ by process \d+ \((.+)\)/g)].map(
    ([, name]) => name,
  )
  return [...new Set(processes)].filter((name) => name !== undefined && name !== 'nft') as string[]
}

describe('the usual rules of iptables', () => {
  const programs: [string, KernelProgram][] = [
    ['of a sidecar', programsFor(sidecarPod(), dual).iptables],
    ['of a sidecar with TPROXY', programsFor(tproxy, dual).iptables],
    ...ambientPodCases.map((recorded): [string, KernelProgram] => [
      `of an ambient pod, ${recorded.name}`,
      ambientProgramsFor(recorded).iptables,
    ]),
  ]

  it.each(programs)(
    '%s go into a new pod as others have them, and no tool writes them',
    async (_, program) => {
      await using byTool = await ScratchNetwork.create()
      await namespaces.applyRules(byTool.path, program)
      await using second = await ScratchNetwork.create()
      await namespaces.applyRules(second.path, program)
      await using third = await ScratchNetwork.create()
      const writers = await writersIn(third, () => namespaces.applyRules(third.path, program))
      expect(writers).toHaveLength(1)
      expect(writers[0]).not.toMatch(/tables/)
      for (const network of [second, third]) {
        expect(await network.state('nft')).toEqual(await byTool.state('nft'))
        expect(await namespaces.verifyRules(network.path, program)).toEqual([])
      }
      await namespaces.removeRules(third.path)
      await using empty = await ScratchNetwork.create()
      expect(await third.state('nft')).toEqual(await empty.state('nft'))
    },
  )
})
