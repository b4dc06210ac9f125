// The configuration of kind that the guide's commands begin with.
import { KindCluster } from '@istio-install-cni/constructs'

const HEADING =
  '# kind create cluster --config kind-config.yaml: a control plane and two workers, as the CNI agent runs on them.\n'

export function kindConfiguration(): string {
  return HEADING + new KindCluster({ workers: 2 }).toYaml()
}
