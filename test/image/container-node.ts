// A node whose agent is a container of the image; its network namespace stands for the node's.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { NodeBed } from '../agent/node-bed.ts'
import { httpGet } from '../testbed/agent-process.ts'
import { type Confinement, Container } from './container.ts'
import type { UnpackedImage } from './unpacked-image.ts'

export class ContainerNode {
  readonly bed: NodeBed
  /** Path of the network namespace. */
  readonly network: string
  #container: Container | undefined

  private constructor(bed: NodeBed, network: string) {
    this.bed = bed
    this.network = network
  }

  static async create(): Promise<ContainerNode> {
    const bed = await NodeBed.create({ withNetwork: true })
    if (bed.network === undefined) throw new Error('the node has no network of its own')
    return new ContainerNode(bed, bed.network.path)
  }

  get ztunnelSocket(): string {
    return join(this.bed.directory, 'ztunnel/ztunnel.sock')
  }

  /** Starts the agent with the mounts of the chart, and waits until it is ready. */
  async start(
    image: UnpackedImage,
    confinement: Confinement,
    env: Readonly<Record<string, string>>,
  ): Promise<void> {
    const { bed, network } = this
    const [run, ztunnel] = [bed.runDir, join(bed.directory, 'ztunnel')]
    for (const directory of [run, ztunnel]) await mkdir(directory)
    const container = await Container.start(image, {
      confinement,
      network,
      env: { PODS_FROM: '/pods', CNI_AGENT_RUN_DIR: run, ZTUNNEL_UDS_ADDRESS: this.ztunnelSocket, ...env },
      mounts: [
        { from: bed.netDir, to: '/host/etc/cni/net.d' },
        { from: bed.binDir, to: '/host/opt/cni/bin' },
        { from: run, to: run },
        { from: ztunnel, to: ztunnel },
        { from: bed.podsDir, to: '/pods' },
        { from: '/proc', to: '/host/proc' },
        { from: '/run/netns', to: '/host/var/run/netns', hostToContainer: true },
      ],
    })
    this.#container = container
    const gone = container.ended().then((exit) => {
      throw new Error(`the agent ended with ${exit}:\n${container.output}`)
    })
    gone.catch(() => {})
    const isReady = async () => (await httpGet(8000, '/readyz', network))?.status === 200
    while (!(await Promise.race([isReady(), gone]))) await new Promise((resolve) => setTimeout(resolve, 50))
  }

  async close(): Promise<void> {
    await this.#container?.close()
    await this.bed.close()
  }
}
