// guard.ts: ends the cluster once standard input has ended, which is to say: with the process at its other end.
import { once } from 'node:events'
import { endCluster } from '../end-cluster.ts'

process.stdin.resume()
await once(process.stdin, 'close')
await endCluster()
