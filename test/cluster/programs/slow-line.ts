// slow-line.ts PORT TARGET-PORT ADDRESS PACE-FILE: passes connections on at the pace that the file has at the moment.
import { readFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import type { Pace } from '../slow-connection.ts'

const [port, targetPort, address, paceFile = ''] = process.argv.slice(2)
const tickMs = 50

/** A file that is just being written keeps the former pace. */
let pace: Pace = { delayMs: 0, bytesPerSecond: 0 }
function currentPace(): Pace {
  try {
    pace = JSON.parse(readFileSync(paceFile, 'utf8')) as Pace
  } catch {}
  return pace
}

function passOn(from: Socket, to: Socket): void {
  const waiting: { readonly bytes: Buffer; readonly since: number }[] = []
  let hasEnded = false
  let allowance = 0
  from.on('data', (bytes: Buffer) => waiting.push({ bytes, since: performance.now() }))
  const end = () => {
    hasEnded = true
  }
  from.on('end', end)
  from.on('close', end)
  from.on('error', () => to.destroy())
  to.on('close', () => clearInterval(timer))
  const timer = setInterval(() => {
    const { delayMs, bytesPerSecond } = currentPace()
    allowance = Math.min(allowance, bytesPerSecond) + (bytesPerSecond * tickMs) / 1000
    for (;;) {
      const [first] = waiting
      if (first === undefined || performance.now() - first.since < delayMs || allowance < 1) break
      const part = first.bytes.subarray(0, Math.floor(allowance))
      allowance -= part.length
      to.write(part)
      const rest = first.bytes.subarray(part.length)
      if (rest.length > 0) waiting[0] = { ...first, bytes: rest }
      else waiting.shift()
    }
    if (!hasEnded || waiting.length > 0) return
    clearInterval(timer)
    to.end()
  }, tickMs)
}

createServer({ allowHalfOpen: true }, (agent) => {
  const server = connect({ port: Number(targetPort), host: address ?? '', allowHalfOpen: true })
  passOn(agent, server)
  passOn(server, agent)
}).listen(Number(port), address, () => process.stdout.write('listening\n'))
