// Stands for Envoy in TPROXY mode: listens on 15006 with IP_TRANSPARENT, which Node has no option for, and tells
// whoever connects which address they meant to reach. Prints `ready`, ends with its standard input.
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { join } from 'node:path'

const require = createRequire(join(import.meta.dirname, '../../packages/runtime/package.json'))
const koffi: typeof import('../../packages/runtime/node_modules/koffi/index.d.ts') = require('koffi')
const libc = koffi.load(null)
const socket: (family: number, type: number, protocol: number) => number = libc.func(
  'int socket(int family, int type, int protocol)',
)
const setsockopt: (fd: number, level: number, name: number, value: Buffer, length: number) => number =
  libc.func('int setsockopt(int fd, int level, int name, const uint8_t *value, uint32_t length)')
const bind: (fd: number, address: Buffer, length: number) => number = libc.func(
  'int bind(int fd, const uint8_t *address, uint32_t length)',
)

const port = 15006
const one = Buffer.from([1, 0, 0, 0])

/** <netinet/in.h>: family, the option's level and name, size of the socket address. */
const families = [
  { family: 2, options: [[0, 19]], length: 16 },
  {
    family: 10,
    options: [
      [41, 75],
      [41, 26],
    ],
    length: 28,
  },
] as const

for (const { family, options, length } of families) {
  const fd = socket(family, 1, 0)
  for (const [level, name] of options) {
    if (setsockopt(fd, level, name, one, one.length) !== 0) throw new Error(`setsockopt ${level} ${name}`)
  }
  const address = Buffer.alloc(length)
  address.writeUInt16LE(family, 0)
  address.writeUInt16BE(port, 2)
  if (bind(fd, address, length) !== 0) throw new Error(`bind: ${koffi.errno()}`)
  const server = createServer((connection) => {
    connection.on('error', () => {})
    connection.end(
      `meant ${connection.localAddress}:${connection.localPort} from ${connection.remoteAddress}`,
    )
  })
  await new Promise<void>((resolve, reject) => server.on('error', reject).listen({ fd }, resolve))
}
process.stdout.write('ready\n')
process.stdin.on('end', () => process.exit(0)).resume()
