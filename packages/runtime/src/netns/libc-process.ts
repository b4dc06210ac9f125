/**
 * The foreign functions that execute a program: posix_spawn(3) and what belongs to it. Only for threads that may
 * block.
 *
 * Not by fork(2), as Node's own functions do: a fork copies the page tables of the whole agent and holds locks of its
 * memory meanwhile, at which the main thread waits; afterwards each page that is written costs a page fault.
 */
import koffi from 'koffi'
import { checked, errnoName, openMemoryFile, SystemCallError } from './libc.ts'

/** Large enough for glibc's `posix_spawnattr_t` (336 bytes) and `posix_spawn_file_actions_t` (80). */
const opaqueLength = 512
/** <spawn.h> */
const POSIX_SPAWN_SETSIGDEF = 0x04
const POSIX_SPAWN_SETSIGMASK = 0x08
/** A `sigset_t`: one bit a signal, the first is 1. */
const signalSetLength = 128
const SIGPIPE = 13
/** <linux/fcntl.h> */
const F_ADD_SEALS = 1033
const F_SEAL_GROW = 4
const SEEK_CUR = 1
/** <sys/wait.h> */
const WNOHANG = 1
const SIGKILL = 9
/** The same on every architecture; glibc has a function for it since 2.36. */
const SYS_pidfd_open = 434

const program = koffi.load(null)
const cSpawn: (
  pid: Uint8Array,
  file: string,
  actions: Uint8Array,
  attributes: Uint8Array,
  argv: readonly (string | null)[],
  environment: readonly (string | null)[],
) => number = program.func(
  'int posix_spawn(_Out_ uint8_t *pid, const char *file, const uint8_t *actions, const uint8_t *attributes, const char **argv, const char **environment)',
)
const cAttributesInit: (attributes: Uint8Array) => number = program.func(
  'int posix_spawnattr_init(_Inout_ uint8_t *attributes)',
)
const cAttributesFlags: (attributes: Uint8Array, flags: number) => number = program.func(
  'int posix_spawnattr_setflags(_Inout_ uint8_t *attributes, int16_t flags)',
)
const cAttributesDefaults: (attributes: Uint8Array, signals: Uint8Array) => number = program.func(
  'int posix_spawnattr_setsigdefault(_Inout_ uint8_t *attributes, const uint8_t *signals)',
)
const cAttributesMask: (attributes: Uint8Array, signals: Uint8Array) => number = program.func(
  'int posix_spawnattr_setsigmask(_Inout_ uint8_t *attributes, const uint8_t *signals)',
)
const cActionsInit: (actions: Uint8Array) => number = program.func(
  'int posix_spawn_file_actions_init(_Inout_ uint8_t *actions)',
)
const cActionsDup2: (actions: Uint8Array, fd: number, as: number) => number = program.func(
  'int posix_spawn_file_actions_adddup2(_Inout_ uint8_t *actions, int fd, int as)',
)
const cActionsDestroy: (actions: Uint8Array) => number = program.func(
  'int posix_spawn_file_actions_destroy(_Inout_ uint8_t *actions)',
)
const cWaitpid: (pid: number, status: Uint8Array, options: number) => number = program.func(
  'int waitpid(int pid, _Out_ uint8_t *status, int options)',
)
const cKill: (pid: number, signal: number) => number = program.func('int kill(int pid, int signal)')
const cSyscall: (number: number, first: number, second: number) => number = program.func(
  'intptr_t syscall(intptr_t number, intptr_t first, intptr_t second)',
)
const cFcntl: (fd: number, command: number, argument: number) => number = program.func(
  'int fcntl(int fd, int command, int argument)',
)
const cLseek: (fd: number, offset: number, whence: number) => number = program.func(
  'int64_t lseek(int fd, int64_t offset, int whence)',
)
const cFtruncate: (fd: number, length: number) => number = program.func(
  'int ftruncate(int fd, int64_t length)',
)

/** A program starts with no signal blocked, and with SIGPIPE, which Node ignores, as usual. */
const attributes = Buffer.alloc(opaqueLength)
cAttributesInit(attributes)
cAttributesFlags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK)
cAttributesMask(attributes, Buffer.alloc(signalSetLength))
const defaults = Buffer.alloc(signalSetLength)
defaults.writeUInt32LE(1 << (SIGPIPE - 1))
cAttributesDefaults(attributes, defaults)

/**
 * Executes a program in the calling thread's network namespace.
 *
 * @param descriptors become 0, 1, 2, … of the program, which has no others that are closed on exec
 * @returns its process id, to be given to {@link waitForProcess}
 */
export function startProcess(
  file: string,
  argv: readonly string[],
  environment: readonly string[],
  descriptors: readonly number[],
): number {
  const actions = Buffer.alloc(opaqueLength)
  const pid = Buffer.alloc(4)
  spawnChecked(cActionsInit(actions))
  try {
    for (const [as, fd] of descriptors.entries()) spawnChecked(cActionsDup2(actions, fd, as))
    spawnChecked(cSpawn(pid, file, actions, attributes, [...argv, null], [...environment, null]))
  } finally {
    cActionsDestroy(actions)
  }
  return pid.readInt32LE(0)
}

/** These return what others leave in errno. */
function spawnChecked(result: number): void {
  if (result !== 0) throw new SystemCallError('posix_spawn', errnoName(result))
}

/** Readable when the process has ended; undefined with kernels before 5.3. */
export function openProcess(pid: number): number | undefined {
  const fd = cSyscall(SYS_pidfd_open, pid, 0)
  return fd < 0 ? undefined : fd
}

export type ProcessEnd = Readonly<
  { exitCode: number; signal: undefined } | { exitCode: undefined; signal: number }
>

/** How a child ended, and forgets it; undefined while it runs. */
export function endOfProcess(pid: number): ProcessEnd | undefined {
  return endOf(pid, WNOHANG)
}

/** Kills a child and forgets it. */
export function killProcess(pid: number): void {
  cKill(pid, SIGKILL)
  endOf(pid, 0)
}

function endOf(pid: number, options: number): ProcessEnd | undefined {
  const status = Buffer.alloc(4)
  for (;;) {
    const result = cWaitpid(pid, status, options)
    if (result === 0) return undefined
    if (result === pid) break
    const errno = errnoName(koffi.errno())
    if (errno !== 'EINTR') throw new SystemCallError('waitpid', errno)
  }
  const value = status.readInt32LE(0)
  const signal = value & 0x7f
  return signal === 0 ? { exitCode: (value >> 8) & 0xff, signal: undefined } : { exitCode: undefined, signal }
}

/** A file without a name that refuses whatever a program would write beyond `most` bytes. */
export function openBoundedFile(name: string, most: number): number {
  const fd = openMemoryFile(name)
  checked('ftruncate', cFtruncate(fd, most))
  checked('fcntl F_ADD_SEALS', cFcntl(fd, F_ADD_SEALS, F_SEAL_GROW))
  return fd
}

/** How far a program has written or read a file that it was given. */
export function positionIn(fd: number): number {
  return checked('lseek', cLseek(fd, 0, SEEK_CUR))
}
