import {
  AGENT_RUN_DIR,
  HOST_PROC_DIR,
  MOUNTED_CNI_BIN_DIR,
  MOUNTED_CNI_CACHE_DIR,
  MOUNTED_CNI_NET_DIR,
  MOUNTED_NETNS_DIR,
  NODE_CNI_CACHE_DIR,
  ZTUNNEL_SOCKET,
} from '@istio-install-cni/config-schema'
import { comment, type Expression, value, when } from '../expressions/index.ts'

/** A directory of the node that the agent sees. Names and places are the original's, but for the cache's. */
interface HostMount {
  readonly name: string
  readonly hostPath: string | Expression<string>
  readonly mountPath: string
  readonly because: string
  readonly type?: 'Directory' | 'DirectoryOrCreate'
  readonly readOnly?: true
  readonly mountPropagation?: 'HostToContainer'
  readonly mode?: 'ambient'
}

const ztunnelDirectory = ZTUNNEL_SOCKET.slice(0, ZTUNNEL_SOCKET.lastIndexOf('/'))

export const hostMounts: readonly HostMount[] = [
  {
    name: 'cni-bin-dir',
    hostPath: value('cniBinDir'),
    mountPath: MOUNTED_CNI_BIN_DIR,
    because: 'The plugin is installed here.',
  },
  {
    name: 'cni-host-procfs',
    hostPath: '/proc',
    mountPath: HOST_PROC_DIR,
    type: 'Directory',
    readOnly: true,
    because: "The pods' network namespaces, by their processes; read-only.",
  },
  {
    name: 'cni-net-dir',
    hostPath: value('cniConfDir'),
    mountPath: MOUNTED_CNI_NET_DIR,
    because: "The runtime's network configuration, into which the plugin is chained.",
  },
  {
    name: 'cni-socket-dir',
    hostPath: AGENT_RUN_DIR,
    mountPath: AGENT_RUN_DIR,
    because: 'The sockets by which the plugin reaches the agent.',
  },
  {
    name: 'cni-cache-dir',
    hostPath: NODE_CNI_CACHE_DIR,
    mountPath: MOUNTED_CNI_CACHE_DIR,
    type: 'DirectoryOrCreate',
    readOnly: true,
    because:
      'Which running pods still need the plugin; an uninstallation asks it before it deletes the binary.',
  },
  {
    name: 'cni-netns-dir',
    hostPath: value('cniNetnsDir'),
    mountPath: MOUNTED_NETNS_DIR,
    // A node has it only once its first pod with a network of its own has started.
    type: 'DirectoryOrCreate',
    mountPropagation: 'HostToContainer',
    mode: 'ambient',
    because: "The pods' network namespaces, by name; also those that come later.",
  },
  {
    name: 'cni-ztunnel-sock-dir',
    hostPath: ztunnelDirectory,
    mountPath: ztunnelDirectory,
    type: 'DirectoryOrCreate',
    mode: 'ambient',
    because: 'The socket that ztunnel connects to.',
  },
]

/** For the agent's container. */
export const volumeMounts = hostMounts.map(({ name, mountPath, readOnly, mountPropagation, mode }) =>
  inMode(mode, {
    name,
    mountPath,
    ...(readOnly && { readOnly }),
    ...(mountPropagation && { mountPropagation }),
  }),
)

/** For its pod. */
export const volumes = hostMounts.map(({ name, hostPath, type, mode, because }) =>
  inMode(mode, comment(because, { name, hostPath: { path: hostPath, ...(type && { type }) } })),
)

function inMode<const Item>(mode: HostMount['mode'], item: Item) {
  return mode === 'ambient' ? when(value('ambient.enabled'), item) : item
}
