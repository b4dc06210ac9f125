// npm run cluster -- up|down|status|kubectl|helm ARGUMENTS|exec COMMAND: a real single-node Kubernetes in namespaces of its own.
import { Cluster } from '../test/cluster/cluster.ts'
import { endCluster } from '../test/cluster/end-cluster.ts'
import { nodePid } from '../test/cluster/node-namespace.ts'
import { missingForCluster } from '../test/cluster/programs.ts'
import { print } from './tools.ts'

const usage = 'npm run cluster -- up | down | status | kubectl ARGUMENTS… | helm ARGUMENTS… | exec COMMAND…'

const tasks = new Set(['up', 'status', 'kubectl', 'helm', 'exec'])

async function main([task = '', ...rest]: readonly string[]): Promise<number> {
  // Whatever else this machine lacks by now, it must be possible to end what runs.
  if (task === 'down') {
    await endCluster()
    return 0
  }
  if (!tasks.has(task)) {
    print(usage)
    return 2
  }
  const missing = await missingForCluster()
  if (missing !== undefined) {
    print(`The test cluster cannot run here: ${missing}.`)
    return 1
  }
  const cluster = await Cluster.prepare()
  switch (task) {
    case 'up':
      await cluster.up({ outlivesCaller: true })
      print('The node is Ready: npm run cluster -- kubectl get nodes')
      return 0
    case 'status':
      for (const [name, pid] of Object.entries(cluster.status())) print(`${name} ${pid ?? 'is stopped'}`)
      return nodePid() === undefined
        ? 1
        : cluster.interactive('kubectl', 'get', 'nodes,pods', '-A', '-o', 'wide')
  }
  if (nodePid() === undefined) {
    print('The test cluster is down: npm run cluster -- up')
    return 1
  }
  return task === 'exec' ? cluster.interactive(...rest) : cluster.interactive(task, ...rest)
}

process.exitCode = await main(process.argv.slice(2))
