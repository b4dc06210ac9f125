// A chart's archive, the same bytes whenever and wherever it is made: helm's own holds the time of packaging.
import { gzipSync } from 'node:zlib'
import type { Tree } from './tree.ts'

const BLOCK = 512
/** Byte 9 of a gzip header: the operating system. 255 = unknown (RFC 1952). */
const OPERATING_SYSTEM = 9

export interface ArchiveOptions {
  /** Directory in the archive that holds the tree: the chart's name. */
  readonly directory: string
  /** Modification time of every file, in seconds since 1970. */
  readonly seconds: number
}

/** A gzipped tar archive (ustar) of the tree's files in the order of their names, owned by root, mode 0644. */
export function archiveOf(tree: Tree, { directory, seconds }: ArchiveOptions): Uint8Array {
  const paths = [...tree.keys()].sort()
  const files = paths.flatMap((path) => {
    const content = Buffer.from(tree.get(path) ?? '')
    return [headerOf(`${directory}/${path}`, content.length, seconds), padded(content)]
  })
  const archive = gzipSync(Buffer.concat([...files, Buffer.alloc(2 * BLOCK)]), { level: 9 })
  archive[OPERATING_SYSTEM] = 255
  return archive
}

/**
 * One header block.
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html (ustar interchange format)
 */
function headerOf(path: string, size: number, seconds: number): Buffer {
  const header = Buffer.alloc(BLOCK)
  if (Buffer.byteLength(path) > 100)
    throw new Error(`${path} is too long a name for the archive: 100 bytes at most`)
  const octal = (number: number, digits: number) => number.toString(8).padStart(digits, '0')
  header.write(path, 0)
  header.write(octal(0o644, 7), 100)
  header.write(octal(0, 7), 108)
  header.write(octal(0, 7), 116)
  header.write(octal(size, 11), 124)
  header.write(octal(seconds, 11), 136)
  header.write(' '.repeat(8), 148)
  header.write('0', 156)
  header.write('ustar\0' + '00', 257)
  // Last, for it sums up all others, itself as blanks.
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${octal(sum, 6)}\0 `, 148)
  return header
}

function padded(content: Buffer): Buffer {
  const rest = content.length % BLOCK
  return rest === 0 ? content : Buffer.concat([content, Buffer.alloc(BLOCK - rest)])
}
