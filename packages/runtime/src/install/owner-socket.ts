import { randomBytes } from 'node:crypto'
import { link, lstat, rename, rm } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { systemCodeOf } from './errors.ts'
import { temporaryPrefix } from './files.ts'
import { type Installation, installationFrom, longestInstallation } from './installation.ts'

/** `unknown`: somebody listens, but does not say who. `dead`: the file is there, and nobody listens. */
export type Holder = { state: 'alive'; installation: Installation } | { state: 'unknown' | 'dead' | 'absent' }

/** A socket of this process that is not in its place yet. */
export interface OwnerSocket {
  readonly path: string
  readonly inode: bigint
  readonly server: Server
}

const answerMs = 1_000

/** Asks who listens at `path`. Only the kernel's word counts: a crash or a reboot leaves nobody listening. */
export function holderOf(path: string): Promise<Holder> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect(path)
    const end = (holder: Holder) => {
      socket.destroy()
      resolve(holder)
    }
    socket.setEncoding('utf8').setTimeout(answerMs, () => end({ state: 'unknown' }))
    socket.on('data', (chunk: string) => {
      text += chunk
      if (text.length > longestInstallation) end({ state: 'unknown' })
    })
    socket.on('end', () => {
      const installation = installationFrom(text)
      end(installation === undefined ? { state: 'unknown' } : { state: 'alive', installation })
    })
    socket.on('error', (error) => {
      const code = systemCodeOf(error)
      end({ state: code === 'ENOENT' ? 'absent' : code === 'ECONNREFUSED' ? 'dead' : 'unknown' })
    })
  })
}

/** Listens in `directory` under a temporary name and tells everybody who asks. Throws the system's error. */
export async function listenAsOwner(directory: string, installation: Installation): Promise<OwnerSocket> {
  const path = join(directory, `${temporaryPrefix}${randomBytes(4).toString('hex')}`)
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy()).setTimeout(answerMs, () => socket.destroy())
    socket.end(JSON.stringify(installation))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen({ path }, resolve)
  })
  // Whoever wants to connect later is told so by `server.on('error')` of nobody: it must not end the agent.
  server.on('error', () => {}).unref()
  return { path, inode: (await lstat(path, { bigint: true })).ino, server }
}

/** Puts the socket into a free place. False: the place was taken meanwhile. */
export async function claimFree(socket: OwnerSocket, place: string): Promise<boolean> {
  try {
    await link(socket.path, place)
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return false
    throw error
  }
  await rm(socket.path, { force: true })
  return true
}

/** Frees a place whose holder is dead; what a faster one has put there meanwhile is put back. */
export async function clearDead(place: string): Promise<void> {
  const grave = `${place}.${randomBytes(4).toString('hex')}`
  try {
    await rename(place, grave)
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return
    throw error
  }
  if ((await holderOf(grave)).state !== 'dead') await link(grave, place).catch(() => undefined)
  await rm(grave, { force: true })
}
