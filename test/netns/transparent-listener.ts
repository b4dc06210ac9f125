// Stands for Envoy in TPROXY mode: listens on 15006 with IP_TRANSPARENT, which Node has no option for, and tells
// whoever connects which address they meant to reach. Prints `ready`, ends with its standard input.
import { createServer } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

type Foreign = {
  load(library: null): { func(declaration: string): (...values: (number | Buffer)[]) => number }
  errno(): number
}

// The runtime's own copy: the tests as such do not depend on it.
const packages = join(import.meta.dirname, '../../packages/runtime/node_modules')
const file = pathToFileURL(join(packages, 'koffi', 'index.js'))
const { default: koffi }: { default: Foreign } = await import(file.href)
const libc = koffi.load(null)
const socket = libc.func('int socket(int family, int type, int protocol)')
const setsockopt = libc.func(
  'int setsockopt(int fd, int level, int name, const uint8_t *value, uint32_t length)',
)
const bind = libc.func('int bind(int fd, const uint8_t *address, uint32_t length)')

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
