/**
 * Whose a process is: the pod uid in its cgroup path, which a process cannot choose. All of these are read:
 *
 * - cgroupfs driver: `/kubepods/burstable/pod<uid>/<container>`
 * - systemd driver: `/kubepods.slice/kubepods-burstable-pod<uid with _>.slice/cri-containerd-<container>.scope`
 * - containerd without its systemd option: `…-pod<uid>.slice:cri-containerd:<container>`
 * - CRI-O and Docker: `crio-<container>.scope`, `docker-<container>.scope`, `crio-conmon-…` in the same places
 * - seen from a cgroup namespace: `/../../pod<uid>/<container>`
 * - nodes that are containers: all of it below another path
 */
const uuid = '[0-9a-f]{8}[-_]?[0-9a-f]{4}[-_]?[0-9a-f]{4}[-_]?[0-9a-f]{4}[-_]?[0-9a-f]{12}'
const podPart = new RegExp(`(?:^|[/-])pod(${uuid})(?=[/.:]|$)`, 'i')

/**
 * The pod uid with dashes, in lower case, from the text of `/proc/<pid>/cgroup`; undefined when there is none, or
 * when hierarchies name different pods. Of a path with several the first counts: what comes below it can be made by
 * the pod itself.
 */
export function podUidOf(cgroups: string): string | undefined {
  const found = new Set<string>()
  for (const line of cgroups.split('\n')) {
    const path = /^\d+:[^:]*:(.*)$/.exec(line)?.[1] ?? ''
    const uid = podPart.exec(path)?.[1]
    if (uid !== undefined) found.add(uid.toLowerCase().replaceAll('_', '-'))
  }
  const [uid, other] = found
  return other === undefined ? uid : undefined
}
