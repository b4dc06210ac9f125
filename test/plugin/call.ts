// The usual call of the plugin's tests: an ADD for the pod shop/cart.

export function environment(changes: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    CNI_COMMAND: 'ADD',
    CNI_CONTAINERID: 'c0',
    CNI_NETNS: '/nonexistent',
    CNI_IFNAME: 'eth0',
    CNI_PATH: '/opt/cni/bin',
    CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=cart;K8S_POD_UID=0aa2ff9b',
    ...changes,
  }
}

export const EXCLUDED_POD = { CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAMESPACE=kube-system;K8S_POD_NAME=dns' }

export const previousResult = {
  cniVersion: '1.1.0',
  ips: [{ address: '10.77.0.2/16', gateway: '10.77.255.254' }],
}

export function configuration(runDir: string, changes: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    cniVersion: '1.1.0',
    name: 'pods',
    type: 'istio-cni',
    cni_agent_run_dir: runDir,
    exclude_namespaces: ['kube-system'],
    pod_namespace: 'istio-system',
    // None: this machine may be a node.
    kubeconfig: '',
    prevResult: previousResult,
    ...changes,
  })
}
