import type { ValueProblem } from '@istio-install-cni/config-schema'
import { stringify } from 'yaml'
import { PropsError } from './errors.ts'

/** Istio's taint for nodes whose CNI agent is not ready yet; istiod takes it away (`taint.enabled`). */
const STARTUP_TAINT = { key: 'cni.istio.io/not-ready', effect: 'NoSchedule' }

/** A directory or file of the machine that the nodes see. */
export interface KindMount {
  readonly hostPath: string
  readonly containerPath: string
  /** @default false */
  readonly readOnly?: boolean | undefined
}

export interface KindClusterProps {
  /** @default 'kind' */
  readonly name?: string | undefined
  /**
   * Nodes besides the control plane's.
   *
   * @default 1
   */
  readonly workers?: number | undefined
  /**
   * Image of the nodes, which decides the version of Kubernetes: `kindest/node:v1.34.0`.
   *
   * @default - that of the program kind
   */
  readonly nodeImage?: string | undefined
  /**
   * What all nodes see of the machine; the CNI agent needs nothing of it.
   *
   * @default - nothing
   */
  readonly extraMounts?: readonly KindMount[] | undefined
  /**
   * Workers start with the taint `cni.istio.io/not-ready`, so that no pod comes before the CNI agent. It stays until
   * istiod (`taint.enabled=true`) or somebody else takes it away.
   *
   * @default false
   */
  readonly startupTaint?: boolean | undefined
}

/**
 * A configuration for `kind create cluster --config`. It is a file for the program kind, not an object of Kubernetes:
 * write {@link toYaml} to `kind-config.yaml`. Nodes of kind have the usual directories, so that the chart's defaults
 * and {@link Platform.KIND} work as they are.
 */
export class KindCluster {
  readonly #props: KindClusterProps

  /** @throws {PropsError} when kind would refuse it */
  constructor(props: KindClusterProps = {}) {
    const problems = [...problemsOf(props)]
    if (problems.length > 0) throw new PropsError('KindCluster', problems)
    this.#props = props
  }

  /** The configuration as plain data. */
  toJson(): object {
    const { name, workers = 1, startupTaint = false } = this.#props
    const worker = { role: 'worker', ...this.#node(), ...(startupTaint && tainted) }
    return {
      kind: 'Cluster',
      apiVersion: 'kind.x-k8s.io/v1alpha4',
      ...(name !== undefined && { name }),
      nodes: [{ role: 'control-plane', ...this.#node() }, ...Array.from({ length: workers }, () => worker)],
    }
  }

  toYaml(): string {
    return stringify(this.toJson(), { aliasDuplicateObjects: false })
  }

  #node(): object {
    const { nodeImage, extraMounts = [] } = this.#props
    return {
      ...(nodeImage !== undefined && { image: nodeImage }),
      ...(extraMounts.length > 0 && { extraMounts: extraMounts.map((mount) => ({ ...mount })) }),
    }
  }
}

const tainted = {
  kubeadmConfigPatches: [
    stringify({ kind: 'JoinConfiguration', nodeRegistration: { taints: [STARTUP_TAINT] } }),
  ],
}

function* problemsOf({ name, workers, extraMounts = [] }: KindClusterProps): Generator<ValueProblem> {
  if (name !== undefined && !/^[a-z0-9][a-z0-9.-]*$/.test(name))
    yield { path: 'name', value: name, expectation: 'lower-case letters, digits, dots and dashes' }
  if (workers !== undefined && !(Number.isInteger(workers) && workers >= 0 && workers <= 100))
    yield { path: 'workers', value: workers, expectation: 'a whole number from 0 to 100' }
  for (const [at, { hostPath, containerPath }] of extraMounts.entries()) {
    if (!hostPath)
      yield { path: `extraMounts[${at}].hostPath`, value: hostPath, expectation: 'a path of the machine' }
    if (!containerPath?.startsWith('/')) {
      const expectation = 'an absolute path'
      yield { path: `extraMounts[${at}].containerPath`, value: containerPath, expectation }
    }
  }
}
