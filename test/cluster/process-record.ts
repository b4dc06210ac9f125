// A process that a later one has to find, whatever happened to the one that started it.
import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'

/** A process's number is used again some day; together with its start it is not. */
function startOf(pid: number): string | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

export async function recordProcess(file: string, pid: number): Promise<void> {
  await writeFile(file, `${pid} ${startOf(pid)}`)
}

/** @returns its number on this machine; undefined when it has ended, or none was recorded */
export function recordedProcess(file: string): number | undefined {
  if (!existsSync(file)) return undefined
  const [pid = '', start] = readFileSync(file, 'utf8').split(' ')
  return start !== undefined && startOf(Number(pid)) === start ? Number(pid) : undefined
}
