// An image of one file, as the archive that `docker save` writes and `ctr images import` reads.
import { createHash } from 'node:crypto'

interface ArchiveFile {
  readonly name: string
  readonly body: Buffer
  readonly mode: number
}

const block = 512

/** A ustar archive. Names are at most 100 bytes. */
function tar(files: readonly ArchiveFile[]): Buffer {
  const parts = files.flatMap(({ name, body, mode }) => [
    header(name, mode, body.length),
    body,
    Buffer.alloc((block - (body.length % block)) % block),
  ])
  return Buffer.concat([...parts, Buffer.alloc(2 * block)])
}

function header(name: string, mode: number, size: number): Buffer {
  const bytes = Buffer.alloc(block)
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`
  bytes.write(name, 0)
  bytes.write(octal(mode, 7) + octal(0, 7) + octal(0, 7) + octal(size, 11) + octal(0, 11), 100)
  bytes.write('        0', 148) // the checksum counts as blanks; '0' is a regular file
  bytes.write('ustar\x0000', 257)
  const sum = bytes.reduce((total, byte) => total + byte, 0)
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return bytes
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

/** @param program a static executable; becomes `/<name>`, the image's entry point */
export function imageArchive(tag: string, name: string, program: Buffer): Buffer {
  const layer = tar([{ name, body: program, mode: 0o755 }])
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: { Entrypoint: [`/${name}`] },
      rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
      history: [],
    }),
  )
  const configName = `${sha256(config)}.json`
  const manifest = [{ Config: configName, RepoTags: [tag], Layers: ['layer.tar'] }]
  return tar([
    { name: 'manifest.json', body: Buffer.from(JSON.stringify(manifest)), mode: 0o644 },
    { name: configName, body: config, mode: 0o644 },
    { name: 'layer.tar', body: layer, mode: 0o644 },
  ])
}
