import { NODE_CNI_CACHE_DIR, type Settings } from '@istio-install-cni/config-schema'
import { InstallError } from './errors.ts'

/** One line of /proc/self/mountinfo (proc_pid_mountinfo(5)). */
export interface Mount {
  mountPoint: string
  /** Path within the mounted file system that is seen here. */
  root: string
  type: string
}

/** A directory of the node that the container needs to see. */
interface HostMount {
  volume: string
  hostPath: string
  mountPath: string
  extra: { hostPath?: string; mount?: string }
}

/** File systems that container runtimes build a container's root of. */
const containerRoots = new Set(['overlay', 'aufs', 'fuse.fuse-overlayfs'])

export function parseMounts(mountinfo: string): Mount[] {
  return mountinfo
    .split('\n')
    .map((line) => {
      const [left = '', right = ''] = line.split(' - ')
      const [, , , root = '', mountPoint = ''] = left.split(' ')
      return { root: unescaped(root), mountPoint: unescaped(mountPoint), type: right.split(' ')[0] ?? '' }
    })
    .filter(({ mountPoint }) => mountPoint !== '')
}

/** The mount that `path` (without symbolic links) is on: the last one of the longest mount points above it. */
export function mountOf(path: string, mounts: readonly Mount[]): Mount | undefined {
  let found: Mount | undefined
  for (const mount of mounts) {
    const above =
      mount.mountPoint === '/' || path === mount.mountPoint || path.startsWith(`${mount.mountPoint}/`)
    if (above && mount.mountPoint.length >= (found?.mountPoint.length ?? 0)) found = mount
  }
  return found
}

export function areHostMountsRequired(
  settings: Pick<Settings, 'requireHostMounts'>,
  mounts: readonly Mount[],
): boolean {
  if (settings.requireHostMounts !== 'auto') return settings.requireHostMounts === 'true'
  return containerRoots.has(mountOf('/', mounts)?.type ?? '')
}

/**
 * The error that lists every directory that is the container's own instead of the node's, with the YAML to add;
 * undefined if all are mounted. `realOf` resolves a path's symbolic links.
 */
export async function missingMounts(
  settings: Settings,
  mounts: readonly Mount[],
  realOf: (path: string) => Promise<string>,
): Promise<InstallError | undefined> {
  const absent = async (wanted: HostMount[]) => {
    const real = await Promise.all(wanted.map(({ mountPath }) => realOf(mountPath)))
    return wanted.filter((_, at) => !isNodes(mountOf(real[at] ?? '', mounts)))
  }
  const missing = await absent(hostMounts(settings))
  if (missing.length === 0) return undefined
  const further = await absent(furtherMounts(settings))
  const list = missing.map(({ mountPath, hostPath }) => `${mountPath} (the node's ${hostPath})`).join(', ')
  return new InstallError(
    'MOUNTS_MISSING',
    `not mounted from the node: ${list}. Nothing was installed: it would have ended up in this container. ` +
      `Add to the DaemonSet:\n${mountYaml([...missing, ...further])}`,
  )
}

function hostMounts(settings: Settings): HostMount[] {
  const binaries = settings.mountedCniBinDirs.map((mountPath, at) => ({
    volume: at === 0 ? 'cni-bin-dir' : `cni-bin-dir-${at + 1}`,
    hostPath: settings.cniBinDir,
    mountPath,
    extra: {},
  }))
  return [
    ...binaries,
    { volume: 'cni-net-dir', hostPath: settings.cniNetDir, mountPath: settings.mountedCniNetDir, extra: {} },
    {
      volume: 'cni-socket-dir',
      hostPath: settings.cniAgentRunDir,
      mountPath: settings.cniAgentRunDir,
      extra: {},
    },
  ]
}

/** Mounted, and not from a volume that belongs to the pod alone. */
export function isNodes(mount: Mount | undefined): boolean {
  return mount !== undefined && mount.mountPoint !== '/' && !mount.root.includes('/kubernetes.io~empty-dir/')
}

/** What is no obstacle to the installation: for the rules, and for an uninstallation, which else keeps the binary. */
function furtherMounts(settings: Settings): HostMount[] {
  const caches = settings.mountedCniCacheDirs.slice(0, 1).map((mountPath) => ({
    volume: 'cni-cache-dir',
    hostPath: NODE_CNI_CACHE_DIR,
    mountPath,
    extra: { hostPath: 'type: DirectoryOrCreate', mount: 'readOnly: true' },
  }))
  return [
    {
      volume: 'cni-host-procfs',
      hostPath: '/proc',
      mountPath: '/host/proc',
      extra: { mount: 'readOnly: true' },
    },
    {
      volume: 'cni-netns-dir',
      hostPath: '/var/run/netns',
      mountPath: '/host/var/run/netns',
      extra: { hostPath: 'type: DirectoryOrCreate', mount: 'mountPropagation: HostToContainer' },
    },
    ...caches,
  ]
}

/** The pod template's lines, in the names of the original's chart. */
function mountYaml(mounts: readonly HostMount[]): string {
  const lines = ['        volumeMounts:']
  for (const { volume, mountPath, extra } of mounts) {
    lines.push(`        - name: ${volume}`, `          mountPath: ${mountPath}`)
    if (extra.mount !== undefined) lines.push(`          ${extra.mount}`)
  }
  lines.push('      volumes:')
  for (const { volume, hostPath, extra } of mounts) {
    lines.push(`      - name: ${volume}`, '        hostPath:', `          path: ${hostPath}`)
    if (extra.hostPath !== undefined) lines.push(`          ${extra.hostPath}`)
  }
  return lines.join('\n')
}

/** The kernel writes space, tab, line break and backslash as octal escapes. */
function unescaped(field: string): string {
  return field.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  )
}
