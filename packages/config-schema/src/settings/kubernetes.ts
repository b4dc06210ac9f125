import { FILE_NAME, SERVICE_ACCOUNT_DIR, SYSTEM_NAMESPACE } from '../contract.ts'
import { boolean } from '../kinds/boolean.ts'
import { fileMode } from '../kinds/file-mode.ts'
import { list } from '../kinds/list.ts'
import { port, zeroOrInteger } from '../kinds/number.ts'
import { oneOf } from '../kinds/one-of.ts'
import { absolutePath, bystanderName } from '../kinds/path.ts'
import { hostName, namespaceName, objectName, text } from '../kinds/text.ts'
import { setting } from './setting.ts'

/** Who we are in the cluster, and how the API server is reached. */
export const kubernetes = [
  setting('KUBECFG_FILE_NAME', {
    kind: bystanderName,
    default: FILE_NAME.kubeconfig,
    since: 'guide',
    netconfKey: 'kubeconfig',
    helmPath: 'kubeconfigFileName',
    description:
      'Name of the kubeconfig in `CNI_NET_DIR` with which the plugin asks the API server while the agent is away.',
  }),
  setting('KUBECONFIG_IN_RUN_DIR', {
    kind: boolean,
    default: false,
    since: 'ours',
    description: `Write the kubeconfig as \`${FILE_NAME.runDirKubeconfig}\` into \`CNI_AGENT_RUN_DIR\`, the original's place, instead.`,
  }),
  setting('HOST_CREDENTIALS', {
    kind: boolean,
    default: true,
    since: 'ours',
    helmPath: 'hostCredentials',
    description:
      '`false` writes no kubeconfig: the node holds no credential, and pods wait while the agent is away.',
  }),
  setting('HOST_TOKEN_SECONDS', {
    kind: zeroOrInteger(600, 365 * 86_400),
    default: 86_400,
    unit: 's',
    since: 'ours',
    helmPath: 'hostTokenSeconds',
    description:
      "Lifetime of the token in the kubeconfig, which the agent renews and which outlives the agent's pod. 0: the pod's own token, as the original.",
  }),
  setting('KUBECONFIG_MODE', {
    kind: fileMode,
    default: 0o600,
    since: 'original',
    description:
      'File mode of the kubeconfig. With a leading zero it is octal, without one decimal (384 is 0600).',
  }),
  setting('KUBE_CA_FILE', {
    kind: absolutePath,
    default: `${SERVICE_ACCOUNT_DIR}/ca.crt`,
    since: 'original',
    description: "File with the API server's CA certificate, for the agent and, copied, for the kubeconfig.",
  }),
  setting('SKIP_TLS_VERIFY', {
    kind: boolean,
    default: false,
    since: 'original',
    description: "Neither the agent nor the kubeconfig verifies the API server's certificate. Insecure.",
  }),
  setting('KUBERNETES_SERVICE_HOST', {
    kind: hostName,
    default: '',
    since: 'original',
    description: 'Address of the API server; Kubernetes sets it in every pod.',
  }),
  setting('KUBERNETES_SERVICE_PORT', {
    kind: port,
    default: 443,
    since: 'original',
    description: 'Port of the API server; Kubernetes sets it in every pod.',
  }),
  setting('KUBERNETES_SERVICE_PROTOCOL', {
    kind: oneOf('https', 'http'),
    default: 'https',
    since: 'original',
    description: 'Protocol of the API server.',
  }),
  setting('KUBERNETES_NODE_NAME', {
    kind: objectName,
    default: '',
    since: 'original',
    description: "The node's name if `NODE_NAME` is not set; empty: the host name.",
  }),
  setting('NODE_NAME', {
    kind: objectName,
    default: '',
    since: 'original',
    description: 'Name of the node that the agent runs on.',
  }),
  setting('POD_NAME', {
    kind: objectName,
    default: '',
    since: 'original',
    description: "Name of the agent's own pod.",
  }),
  setting('POD_NAMESPACE', {
    kind: namespaceName,
    default: SYSTEM_NAMESPACE,
    since: 'original',
    netconfKey: 'pod_namespace',
    defaultFile: `${SERVICE_ACCOUNT_DIR}/namespace`,
    description: "Namespace of the agent's own pod, which the plugin always lets pass.",
  }),
  setting('SYSTEM_NAMESPACE', {
    kind: namespaceName,
    default: SYSTEM_NAMESPACE,
    since: 'original',
    description: "Namespace of Istio's control plane.",
  }),
  setting('REVISION', {
    kind: text,
    default: '',
    since: 'original',
    helmPath: 'revision',
    configMap: 'never',
    description: 'Revision of the control plane; empty: the default one.',
  }),
  setting('CURRENT_AGENT_VERSION', {
    kind: text,
    default: '',
    since: 'original',
    helmPath: 'tag',
    description: 'Version that the chart installed, for messages.',
  }),
  setting('EXCLUDE_NAMESPACES', {
    kind: list(namespaceName),
    default: ['kube-system'],
    since: 'original',
    netconfKey: 'exclude_namespaces',
    helmPath: 'excludeNamespaces',
    description:
      'Namespaces whose pods are never redirected, and pass even while the agent is away. Empty: none.',
  }),
  setting('PODS_FROM', {
    kind: absolutePath,
    default: '',
    since: 'ours',
    description:
      'Directory of pod manifests to take the pods from, for machines without an API server; empty: the Kubernetes API.',
  }),
] as const
