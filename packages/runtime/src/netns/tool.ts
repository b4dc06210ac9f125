/** Runs a program to its end, in the calling thread's network namespace, bounded in time and in what it prints. */
import { readSync, writeSync } from 'node:fs'
import { closeDescriptor, openMemoryFile, waitUntilReadable } from './libc.ts'
import {
  endOfProcess,
  killProcess,
  openBoundedFile,
  openProcess,
  type ProcessEnd,
  positionIn,
  startProcess,
} from './libc-process.ts'

export type ToolRun = Readonly<{
  /** File to execute, then what the program is called and its arguments. */
  command: readonly [file: string, ...argv: string[]]
  /** `NAME=value` */
  environment: readonly string[]
  input: string
  milliseconds: number
  /** Bytes of each of its two outputs. */
  mostOutput: number
  /** Given to the program as descriptor 3. */
  descriptor?: number | undefined
}>

export type ToolEnd = ProcessEnd | 'out of time' | 'too much output'

export type ToolOutcome = Readonly<{ end: ToolEnd; stdout: string; stderr: string }>

/**
 * A write that would go beyond the end of a bounded file is refused as a whole: of a program that writes no larger
 * pieces it is seen by how far it got.
 */
const largestPiece = 1024 * 1024
/** Where processes cannot be polled they are asked so often. */
const askAgainMilliseconds = 1

/** Throws SystemCallError when the program cannot be executed. */
export function runTool(run: ToolRun): ToolOutcome {
  const { command, environment, input, mostOutput, descriptor } = run
  const [file, ...argv] = command
  const opened: number[] = []
  const open = (fd: number) => {
    opened.push(fd)
    return fd
  }
  try {
    const stdin = open(openMemoryFile('stdin'))
    // By position: the program begins to read at the start.
    for (let bytes = Buffer.from(input), at = 0; at < bytes.length; )
      at += writeSync(stdin, bytes, at, null, at)
    const stdout = open(openBoundedFile('stdout', mostOutput + largestPiece))
    const stderr = open(openBoundedFile('stderr', mostOutput + largestPiece))
    const given = [stdin, stdout, stderr, ...(descriptor === undefined ? [] : [descriptor])]
    const end = waitFor(startProcess(file, argv, environment, given), run.milliseconds)
    const isTooMuch = [stdout, stderr].some((fd) => positionIn(fd) > mostOutput)
    return {
      end: isTooMuch ? 'too much output' : end,
      stdout: isTooMuch ? '' : contentOf(stdout),
      stderr: isTooMuch ? '' : contentOf(stderr),
    }
  } finally {
    for (const fd of opened) closeDescriptor(fd)
  }
}

function waitFor(pid: number, milliseconds: number): ToolEnd {
  const until = performance.now() + milliseconds
  const handle = openProcess(pid)
  try {
    for (;;) {
      const end = endOfProcess(pid)
      if (end !== undefined) return end
      const left = Math.ceil(until - performance.now())
      if (left <= 0) {
        killProcess(pid)
        return 'out of time'
      }
      waitUntilReadable(handle, handle === undefined ? Math.min(left, askAgainMilliseconds) : left)
    }
  } finally {
    if (handle !== undefined) closeDescriptor(handle)
  }
}

function contentOf(fd: number): string {
  const bytes = Buffer.alloc(positionIn(fd))
  let length = 0
  while (length < bytes.length) {
    const read = readSync(fd, bytes, length, bytes.length - length, length)
    if (read === 0) break
    length += read
  }
  return bytes.toString('utf8', 0, length)
}
