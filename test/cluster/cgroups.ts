// The node's containers live below one cgroup of their own in each hierarchy, so that it can be removed afterwards.
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, readdirSync } from 'node:fs'
import { mkdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { until } from './condition.ts'
import { inState } from './layout.ts'

const mountPoint = '/sys/fs/cgroup'

export const cgroupRoot = `/istio-cni-cluster-${createHash('sha256').update(inState()).digest('hex').slice(0, 8)}`

/** Version 2 has one hierarchy, version 1 a directory for each controller. */
function hierarchies(): string[] {
  if (existsSync(join(mountPoint, 'cgroup.controllers'))) return [mountPoint]
  return readdirSync(mountPoint)
    .map((name) => join(mountPoint, name))
    .filter((path) => lstatSync(path).isDirectory())
}

export async function createCgroups(): Promise<void> {
  for (const path of hierarchies()) await mkdir(join(path, cgroupRoot), { recursive: true })
}

/** Waits until the last process in them has ended. */
export async function removeCgroups(): Promise<void> {
  await until(
    'the cgroups are empty',
    async () => {
      for (const path of hierarchies()) await removeTree(join(path, cgroupRoot))
      return true
    },
    20_000,
  )
}

async function removeTree(path: string): Promise<void> {
  if (!existsSync(path)) return
  for (const entry of readdirSync(path, { withFileTypes: true }))
    if (entry.isDirectory()) await removeTree(join(path, entry.name))
  await rmdir(path)
}
