// One end of a connection that stays open. `echo PORT` sends back whatever anybody sends; `talk HOST PORT` sends the
// lines of its standard input and prints what comes back, or how the connection ended. Prints `ready` first.
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'

const [role, ...rest] = process.argv.slice(2)
const print = (line: string) => process.stdout.write(`${line}\n`)

if (role === 'echo') {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.pipe(socket)
  })
  server.listen(Number(rest[0]), '::', () => print('ready'))
  process.stdin.on('end', () => process.exit(0)).resume()
} else {
  const [host = '', port] = rest
  const socket = connect(Number(port), host, () => print('ready'))
  socket.setNoDelay(true)
  socket.on('data', (bytes) => print(bytes.toString().trim()))
  socket.on('error', (error: NodeJS.ErrnoException) => print(`ended: ${error.code}`))
  socket.on('end', () => print('ended: in peace'))
  createInterface({ input: process.stdin })
    .on('line', (line) => socket.write(`${line}\n`))
    .on('close', () => process.exit(0))
}
