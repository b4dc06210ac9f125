// An image of one layer, as the archive that `docker save` writes and `ctr images import` reads.
import { createHash } from 'node:crypto'

/** A file, or a symbolic link; the name has no leading slash and at most 100 bytes. */
export type ImageFile = Readonly<
  { name: string; body: Buffer; mode: number } | { name: string; link: string }
>

export interface ImageSettings {
  readonly Entrypoint: readonly string[]
  readonly Env?: readonly string[]
}

const block = 512

/** A ustar archive, in parts. */
function tar(files: readonly ImageFile[]): Buffer[] {
  const parts = files.flatMap((file) => {
    if ('link' in file) return [header(file.name, 0o777, 0, '2', file.link)]
    const { name, body, mode } = file
    return [header(name, mode, body.length, '0'), body, Buffer.alloc((block - (body.length % block)) % block)]
  })
  return [...parts, Buffer.alloc(2 * block)]
}

/** @param type '0' for a regular file, '2' for a symbolic link */
function header(name: string, mode: number, size: number, type: '0' | '2', link = ''): Buffer {
  if (Math.max(Buffer.byteLength(name), Buffer.byteLength(link)) > 100)
    throw new Error(`too long a name for the archive: ${name} ${link}`)
  const bytes = Buffer.alloc(block)
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`
  bytes.write(name, 0)
  bytes.write(octal(mode, 7) + octal(0, 7) + octal(0, 7) + octal(size, 11) + octal(0, 11), 100)
  bytes.write(`        ${type}${link}`, 148) // the checksum counts as blanks
  bytes.write('ustar\x0000', 257)
  const sum = bytes.reduce((total, byte) => total + byte, 0)
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return bytes
}

function sha256(parts: readonly Buffer[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

const json = (value: unknown) => Buffer.from(JSON.stringify(value))

/** @returns the archive in parts, none of which is a copy of a file's body */
export function imageArchive(tag: string, files: readonly ImageFile[], settings: ImageSettings): Buffer[] {
  const layer = tar(files)
  const config = json({
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: settings,
    rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
    history: [],
  })
  const configName = `${sha256([config])}.json`
  const manifest = json([{ Config: configName, RepoTags: [tag], Layers: ['layer.tar'] }])
  const size = layer.reduce((total, part) => total + part.length, 0)
  return [
    ...tar([
      { name: 'manifest.json', body: manifest, mode: 0o644 },
      { name: configName, body: config, mode: 0o644 },
    ]).slice(0, -1),
    header('layer.tar', 0o644, size, '0'),
    ...layer,
    Buffer.alloc(2 * block),
  ]
}
