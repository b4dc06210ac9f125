import { JsonError, parseJson } from './json.ts'
import type { Credentials } from './kubeconfig.ts'
import type { ApiFailure, PluginPorts } from './ports.ts'
import { isObject, type JsonObject } from './previous-result.ts'

/** Kubernetes takes objects of some 1.5 MiB (etcd's request limit). */
const LARGEST_OBJECT = 2 * 1024 * 1024

/** The API server gave no answer that helps: names server, request, cause and what to do. */
export class ApiServerError extends Error {
  override readonly name = 'ApiServerError'
  readonly code = 'API_SERVER'
}

/** Asks for objects, all within one deadline. */
export class ApiServer {
  readonly #credentials: Credentials
  readonly #kubeconfig: string
  readonly #ports: PluginPorts
  readonly #deadline: number

  /** @param patienceMs for all questions together; `kubeconfig` is for messages */
  constructor(credentials: Credentials, kubeconfig: string, patienceMs: number, ports: PluginPorts) {
    this.#credentials = credentials
    this.#kubeconfig = kubeconfig
    this.#ports = ports
    this.#deadline = ports.monotonicMs() + patienceMs
  }

  /**
   * The object at a path; undefined when there is none.
   * @throws {ApiServerError}
   */
  get(path: string): JsonObject | undefined {
    const left = this.#deadline - this.#ports.monotonicMs()
    if (left <= 0) throw this.#error(path, failureText({ failure: 'timeout', detail: 'no time is left' }))
    const reply = this.#ports.askApiServer({
      ...this.#credentials,
      path,
      deadlineMs: left,
      replyLimit: LARGEST_OBJECT,
    })
    if ('failure' in reply) throw this.#error(path, failureText(reply))
    const json = jsonOf(reply.body)
    if (reply.status === 404 && isStatus(json)) return undefined
    if (reply.status !== 200) throw this.#error(path, this.#refusal(reply.status, json))
    if (!isObject(json)) throw this.#error(path, 'the answer is no JSON object: is it an API server?')
    return json
  }

  #refusal(status: number, json: unknown): string {
    const said = isStatus(json) && typeof json.message === 'string' ? ` (${json.message.slice(0, 256)})` : ''
    switch (status) {
      case 401:
        return `401${said}: the token in ${this.#kubeconfig} is expired or revoked; a running agent renews it. If Istio CNI was uninstalled, run "istio-cni uninstall" on the node`
      case 403:
        return `403${said}: the agent's service account may not read this; see its ClusterRole`
      default:
        return `status ${status}${said}`
    }
  }

  #error(path: string, problem: string): ApiServerError {
    const { address, port } = this.#credentials
    const host = address.includes(':') ? `[${address}]` : address
    return new ApiServerError(`API server ${host}:${port}, GET ${path}: ${problem}`)
  }
}

/** Only the API server's own 404 says that an object does not exist, not that of whatever else listens there. */
function isStatus(json: unknown): json is JsonObject {
  return isObject(json) && json.kind === 'Status'
}

const ADVICE: Partial<Record<ApiFailure['failure'], string>> = {
  refused: 'is it running, and is its address in the kubeconfig right?',
  timeout: 'is it overloaded, or does a firewall drop connections of the node?',
  tls: "does KUBE_CA_FILE of the agent name the API server's authority?",
  authorities: 'certificate-authority-data of the kubeconfig is unusable; see KUBE_CA_FILE of the agent',
}

function failureText({ failure, detail }: ApiFailure): string {
  const advice = ADVICE[failure]
  return `${failure}: ${detail.slice(0, 512)}${advice === undefined ? '' : `; ${advice}`}`
}

function jsonOf(text: string): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    if (error instanceof JsonError) return undefined
    throw error
  }
}
