// serve.ts PORT DIRECTORY: serves the files of one directory over HTTP, on the loopback interface.
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { basename, join } from 'node:path'

const [port, directory = ''] = process.argv.slice(2)

createServer(async (request, response) => {
  const path = join(directory, basename(request.url ?? ''))
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile() !== true) {
    response.writeHead(404).end()
    return
  }
  response.writeHead(200, { 'Content-Length': found.size })
  createReadStream(path).pipe(response)
}).listen(Number(port), '127.0.0.1')
