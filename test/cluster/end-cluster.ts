import { rm } from 'node:fs/promises'
import { removeCgroups } from './cgroups.ts'
import { dismissGuard } from './guard.ts'
import { inState } from './layout.ts'
import { destroyNode } from './node-namespace.ts'

/**
 * Ends everything of a cluster, whoever started it and however that ended, and needs none of its programs. Safe to
 * repeat.
 */
export async function endCluster(): Promise<void> {
  dismissGuard()
  await destroyNode()
  await removeCgroups()
  await rm(inState(), { recursive: true, force: true })
}
