import { closeSync, openSync, readSync } from 'node:fs'

/** Longest text that a setting takes, in bytes. */
export const LONGEST_SETTING = 64 * 1024

/**
 * Reads a file that holds a setting, one byte more than allowed at most.
 * @throws the error of the file system.
 */
export function readSettingFile(path: string): string {
  const buffer = Buffer.alloc(LONGEST_SETTING + 1)
  const file = openSync(path, 'r')
  try {
    let length = 0
    while (length < buffer.length) {
      const read = readSync(file, buffer, length, buffer.length - length, null)
      if (read === 0) break
      length += read
    }
    return buffer.toString('utf8', 0, length)
  } finally {
    closeSync(file)
  }
}
