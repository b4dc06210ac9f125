/** Name of the only context (original: cni/pkg/install/kubeconfig.go). */
export const kubeconfigContext = 'istio-cni-context'
