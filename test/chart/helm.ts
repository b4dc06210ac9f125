// A helm, of version 3 or 4, that knows of no cluster and of nothing that was set up on this machine.
import { join } from 'node:path'
import { root } from '../../scripts/tools.ts'
import { type End, output, run } from './run.ts'

export const chartDirectory = join(root, 'charts/istio-cni')
/** The guide's. */
export const release = ['istio-cni', chartDirectory, '-n', 'istio-system'] as const

export class Helm {
  readonly program: string
  readonly #environment: NodeJS.ProcessEnv

  /** @param scratch a directory for what it keeps */
  constructor(program: string, scratch: string) {
    this.program = program
    this.#environment = {
      PATH: process.env.PATH ?? '',
      HOME: scratch,
      KUBECONFIG: join(scratch, 'no-cluster'),
    }
  }

  run(...args: readonly string[]): Promise<End> {
    return run(this.program, args, this.#environment)
  }

  /** @returns its stdout. @throws with its words when it fails */
  output(...args: readonly string[]): Promise<string> {
    return output('helm', this.program, args, this.#environment)
  }

  /** @returns what the chart renders as the guide's release. @param args `--set` and the like */
  template(...args: readonly string[]): Promise<string> {
    return this.output('template', ...release, ...args)
  }

  /** @returns why the chart cannot be rendered. @throws when it can */
  async refusal(...args: readonly string[]): Promise<string> {
    const { code, stderr } = await this.run('template', ...release, ...args)
    if (code === 0) throw new Error(`helm accepted ${args.join(' ')}`)
    return stderr
  }
}
