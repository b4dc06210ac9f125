// Stands for ztunnel's side of a connection, whose socket options Node does not have: the packets' mark, and a
// source address that is not the pod's. Arguments: tcp or udp, mark, source address or `-`, host, port. Prints what
// the other side said; over UDP it asks a DNS question and prints the address of the answer.
import { isIPv6 } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

type Foreign = {
  load(library: null): { func(declaration: string): (...values: (number | Buffer)[]) => number }
  errno(): number
}

// The runtime's own copy: the tests as such do not depend on it.
const packages = join(import.meta.dirname, '../../packages/runtime/node_modules')
const { default: koffi }: { default: Foreign } = await import(
  pathToFileURL(join(packages, 'koffi', 'index.js')).href
)
const libc = koffi.load(null)
const socket = libc.func('int socket(int family, int type, int protocol)')
const setsockopt = libc.func(
  'int setsockopt(int fd, int level, int name, const uint8_t *value, uint32_t length)',
)
const bind = libc.func('int bind(int fd, const uint8_t *address, uint32_t length)')
const connect = libc.func('int connect(int fd, const uint8_t *address, uint32_t length)')
const send = libc.func('intptr_t send(int fd, const uint8_t *bytes, size_t length, int flags)')
const recv = libc.func('intptr_t recv(int fd, _Out_ uint8_t *bytes, size_t length, int flags)')

/** <sys/socket.h>, <netinet/in.h> */
const SOL_SOCKET = 1
const SO_RCVTIMEO = 20
const SO_SNDTIMEO = 21
const SO_MARK = 36
const transparent = { 4: [0, 19], 6: [41, 75] } as const

function addressBytes(host: string, port: number): Buffer {
  if (!isIPv6(host))
    return Buffer.from([2, 0, port >> 8, port & 255, ...host.split('.').map(Number), ...Array(8).fill(0)])
  const [head = '', tail = ''] = host.split('::')
  const groups = (text: string) => text.split(':').filter((group) => group !== '')
  const missing = 8 - groups(head).length - groups(tail).length
  const all = [...groups(head), ...Array(host.includes('::') ? missing : 0).fill('0'), ...groups(tail)]
  const bytes = Buffer.alloc(28)
  bytes.writeUInt16LE(10, 0)
  bytes.writeUInt16BE(port, 2)
  for (const [index, group] of all.entries()) bytes.writeUInt16BE(Number.parseInt(group, 16), 8 + 2 * index)
  return bytes
}

function checked(call: string, result: number): number {
  if (result < 0) throw new Error(`${call}: errno ${koffi.errno()}`)
  return result
}

const uint32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

const [protocol, mark, source = '-', host = '', port] = process.argv.slice(2)
const family = isIPv6(host) ? 6 : 4
const fd = checked('socket', socket(family === 6 ? 10 : 2, protocol === 'tcp' ? 1 : 2, 0))
const timeout = Buffer.alloc(16)
timeout.writeBigInt64LE(3n)
for (const name of [SO_RCVTIMEO, SO_SNDTIMEO])
  checked('setsockopt', setsockopt(fd, SOL_SOCKET, name, timeout, 16))
checked('setsockopt', setsockopt(fd, SOL_SOCKET, SO_MARK, uint32(Number(mark)), 4))
if (source !== '-') {
  const [level, name] = transparent[family]
  checked('setsockopt', setsockopt(fd, level, name, uint32(1), 4))
  const address = addressBytes(source, 0)
  checked('bind', bind(fd, address, address.length))
}
const target = addressBytes(host, Number(port))
checked('connect', connect(fd, target, target.length))

const heard = Buffer.alloc(4096)
if (protocol === 'udp') {
  const question = Buffer.from('\x04shop\x07example\x00\x00\x01\x00\x01', 'latin1')
  const query = Buffer.concat([Buffer.from([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), question])
  checked('send', send(fd, query, query.length, 0))
  const length = checked('recv', recv(fd, heard, heard.length, 0))
  process.stdout.write(heard.subarray(length - 4, length).join('.'))
} else {
  for (let length = 1; length > 0; ) {
    length = checked('recv', recv(fd, heard, heard.length, 0))
    process.stdout.write(heard.subarray(0, length))
  }
}
