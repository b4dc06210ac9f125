// node-alone.ts: starts a cluster's node, nothing on it, says so, and waits to be killed.
import { once } from 'node:events'
import { createCgroups } from '../cgroups.ts'
import { Cluster } from '../cluster.ts'
import { guardCluster } from '../guard.ts'
import { createNode } from '../node-namespace.ts'

const { environment } = await Cluster.prepare()
await guardCluster()
await createCgroups()
await createNode(environment)
process.stdout.write('laid\n')
process.stdin.resume()
await once(process.stdin, 'close')
