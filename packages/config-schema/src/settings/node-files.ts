import {
  AGENT_RUN_DIR,
  FILE_NAME,
  IMAGE_CNI_BIN_DIR,
  MOUNTED_CNI_BIN_DIR,
  MOUNTED_CNI_CACHE_DIR,
  MOUNTED_CNI_NET_DIR,
  NODE_CNI_BIN_DIR,
  NODE_CNI_NET_DIR,
} from '../contract.ts'
import { boolean } from '../kinds/boolean.ts'
import { filledList } from '../kinds/list.ts'
import { oneOf } from '../kinds/one-of.ts'
import { absolutePath, networkConfigName, networkListName } from '../kinds/path.ts'
import { text } from '../kinds/text.ts'
import { setting } from './setting.ts'

/** What is installed on the node, and where. */
export const nodeFiles = [
  setting('CNI_NET_DIR', {
    kind: absolutePath,
    default: NODE_CNI_NET_DIR,
    since: 'guide',
    helmPath: 'cniConfDir',
    description:
      "The node's directory for CNI network configuration, as the container runtime sees it. Paths that are told to the plugin start with it; the agent itself writes through `MOUNTED_CNI_NET_DIR`.",
  }),
  setting('MOUNTED_CNI_NET_DIR', {
    kind: absolutePath,
    default: MOUNTED_CNI_NET_DIR,
    since: 'original',
    description: 'Where the agent sees `CNI_NET_DIR`: the mount point in its container.',
  }),
  setting('CNI_BIN_DIR', {
    kind: absolutePath,
    default: NODE_CNI_BIN_DIR,
    since: 'guide',
    helmPath: 'cniBinDir',
    description:
      "The node's directory for CNI plugin binaries, as the container runtime sees it; named in messages. The agent itself writes through `MOUNTED_CNI_BIN_DIRS`.",
  }),
  setting('MOUNTED_CNI_BIN_DIRS', {
    kind: filledList(absolutePath),
    default: [MOUNTED_CNI_BIN_DIR],
    since: 'ours',
    description:
      'Where the agent sees `CNI_BIN_DIR`: the mount point in its container. With several, the plugin is installed into each.',
  }),
  setting('MOUNTED_CNI_CACHE_DIRS', {
    kind: filledList(absolutePath),
    default: [MOUNTED_CNI_CACHE_DIR],
    since: 'ours',
    description:
      "Where the agent sees the node's `/var/lib/cni`, in which runtimes keep the results of their calls. Read by an uninstallation only: the plugin's binary stays while a result names it, and also when this directory is not mounted.",
  }),
  setting('CNI_BIN_SOURCE_DIR', {
    kind: absolutePath,
    default: IMAGE_CNI_BIN_DIR,
    since: 'ours',
    description: 'Where the image carries the plugin binary `istio-cni`.',
  }),
  setting('CNI_AGENT_RUN_DIR', {
    kind: absolutePath,
    default: AGENT_RUN_DIR,
    since: 'original',
    netconfKey: 'cni_agent_run_dir',
    description: "Directory of the agent's sockets, at the same path in the container and on the node.",
  }),
  setting('CNI_NETWORK_CONFIG', {
    kind: text,
    default: '',
    since: 'guide',
    secret: true,
    description:
      "Our plugin's configuration as JSON, with placeholders; empty: generated. Keys that it names win over the generated ones, the others keep their generated value.",
  }),
  setting('CNI_CONF_NAME', {
    kind: networkConfigName,
    default: '',
    since: 'guide',
    helmPath: 'cniConfFileName',
    configMap: 'filled',
    description:
      'Name of the CNI configuration file to insert the plugin into; empty: the one that the runtime uses. Unchained, the name of the file to write; empty: `YYY-istio-cni.conf`.',
  }),
  setting('CHAINED_CNI_PLUGIN', {
    kind: boolean,
    default: true,
    since: 'guide',
    helmPath: 'chained',
    description:
      'Insert the plugin into the chain that is already there. `false` writes a configuration of its own, for Multus.',
  }),
  setting('ISTIO_OWNED_CNI_CONFIG', {
    kind: boolean,
    default: false,
    since: 'original',
    helmPath: 'istioOwnedCNIConfig',
    description:
      "Write a copy of the primary configuration with the plugin in it, instead of changing the primary's file.",
  }),
  setting('ISTIO_OWNED_CNI_CONFIG_FILENAME', {
    kind: networkListName,
    default: FILE_NAME.ownedConfig,
    since: 'original',
    helmPath: 'istioOwnedCNIConfigFileName',
    configMap: { ifTrue: 'istioOwnedCNIConfig' },
    // The original's chart sets this name, which its agent never reads.
    aliases: ['ISTIO_OWNED_CNI_CONF_FILENAME'],
    description: "Name of that copy; it must sort before the primary's file.",
  }),
  setting('CNI_CONF_GROUP_READ', {
    kind: boolean,
    default: false,
    since: 'original',
    description: 'Configuration files that the agent creates get mode 0640 instead of 0600.',
  }),
  setting('REQUIRE_HOST_MOUNTS', {
    kind: oneOf('auto', 'true', 'false'),
    default: 'auto',
    since: 'ours',
    description:
      "Refuse to install unless the directories are mounted from the node. `auto`: when the agent's root file system is a container's.",
  }),
  setting('UNINSTALL_ON_STOP', {
    kind: boolean,
    default: false,
    since: 'ours',
    aliases: ['AMBIENT_DISABLE_SAFE_UPGRADE'],
    helmPath: 'uninstallOnStop',
    description:
      'Remove everything from the node when the agent stops, even if it looks like a restart or an upgrade.',
  }),
] as const
