import * as v from 'valibot'
import { defaultSettings } from '../../settings/table.ts'
import { value } from './row.ts'
import {
  absolutePath,
  flag,
  integer,
  kubeconfigName,
  namespaceName,
  networkConfigName,
  networkListName,
  oneOf,
  zeroOr,
} from './scalars.ts'

const agent = defaultSettings()

/** The node's directories and what is written there. */
export const node = {
  cniBinDir: value(
    absolutePath,
    agent.cniBinDir,
    "The node's directory for CNI plugin binaries, as its container runtime sees it. Platforms set it.",
  ),
  cniConfDir: value(
    absolutePath,
    agent.cniNetDir,
    "The node's directory for CNI network configuration, as its container runtime sees it. Platforms set it.",
  ),
  cniConfFileName: value(
    networkConfigName,
    agent.cniConfName,
    'Name of the CNI configuration file to insert the plugin into. Empty: the one that the runtime uses. Unchained, the name of the file to write; empty: `YYY-istio-cni.conf`.',
  ),
  cniNetnsDir: value(
    absolutePath,
    '/var/run/netns',
    "The node's directory of network namespaces, for ambient mode. Platforms set it.",
  ),
  chained: value(
    flag,
    agent.chainedCniPlugin,
    'Insert the plugin into the configuration that is already there. `false` writes a configuration of its own, for Multus.',
  ),
  provider: value(
    oneOf('default', 'multus'),
    'default',
    '`multus` adds a NetworkAttachmentDefinition `istio-cni` in namespace `default`.',
  ),
  istioOwnedCNIConfig: value(
    flag,
    agent.istioOwnedCniConfig,
    "Write a copy of the primary configuration with the plugin in it, instead of changing the primary's file.",
  ),
  istioOwnedCNIConfigFileName: value(
    networkListName,
    '',
    `Name of that copy; it must sort before the primary's file. Empty: \`${agent.istioOwnedCniConfigFilename}\`.`,
  ),
  excludeNamespaces: value(
    v.array(namespaceName, 'a list of namespaces'),
    agent.excludeNamespaces,
    'Namespaces whose pods are never redirected, and start even while the agent is away.',
  ),
  hostCredentials: value(
    flag,
    agent.hostCredentials,
    'Leave a kubeconfig on the node, with which the plugin asks the API server while the agent is away. `false`: pods wait for the agent.',
    { since: 'ours' },
  ),
  hostTokenSeconds: value(
    zeroOr(integer(600, 365 * 86_400), 'a number of seconds, from 600 to a year, or 0'),
    agent.hostTokenSeconds,
    "Lifetime of the token in that kubeconfig in seconds; the agent renews it. 0: the token of the agent's pod, which ends with the pod.",
    { since: 'ours' },
  ),
  kubeconfigFileName: value(
    kubeconfigName,
    agent.kubecfgFileName,
    'Name of that kubeconfig in `cniConfDir`.',
    { since: 'ours' },
  ),
  uninstallOnStop: value(
    flag,
    agent.uninstallOnStop,
    'Remove everything from the node whenever the agent stops, even for a restart or an upgrade.',
    { since: 'ours' },
  ),
}
