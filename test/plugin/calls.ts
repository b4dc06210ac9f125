import { configuration, environment } from './call.ts'
import { execute } from './execute.ts'
import { FakeAgent, type ReplyTo } from './fake-agent.ts'
import { type PodNamespace, podNamespace } from './pod-namespace.ts'

/** Calls for a pod with a real network namespace, and the agents that they meet. */
export class Calls {
  readonly #agents: FakeAgent[] = []
  #pod: PodNamespace | undefined

  async begin(): Promise<void> {
    this.#pod = await podNamespace()
  }

  async end(): Promise<void> {
    this.#pod?.end()
    await Promise.all(this.#agents.map((agent) => agent.stop()))
  }

  async agentThat(reply: ReplyTo): Promise<FakeAgent> {
    const agent = await this.agentAway()
    await agent.listen(reply)
    return agent
  }

  async agentAway(): Promise<FakeAgent> {
    const agent = await FakeAgent.away()
    this.#agents.push(agent)
    return agent
  }

  async call(agent: FakeAgent, CNI_COMMAND = 'ADD') {
    const env = environment({ CNI_COMMAND, CNI_NETNS: this.#pod?.path ?? '' })
    const answer = await execute({ env, stdin: configuration(agent.runDir) })
    const result: unknown = answer.stdout === '' ? undefined : JSON.parse(answer.stdout)
    return { ...answer, result }
  }
}
