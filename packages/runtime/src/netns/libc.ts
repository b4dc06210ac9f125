/**
 * Every foreign function that the agent calls, typed, in one place; those that execute programs are in
 * libc-process.ts. Nothing here knows about rules: callers see numbers, buffers and {@link SystemCallError}.
 */
import type { Socket } from 'node:net'
import koffi, { type KoffiFunc } from 'koffi'

/** A system call that failed, with the symbolic name of its errno, such as `ENOENT`. */
export class SystemCallError extends Error {
  override readonly name = 'SystemCallError'
  readonly call: string
  readonly errno: string

  constructor(call: string, errno: string) {
    super(`${call}: ${errno}`)
    this.call = call
    this.errno = errno
  }
}

/** <linux/sched.h> */
const CLONE_NEWNET = 0x40000000
/** <linux/nsfs.h>: the user namespace that owns a namespace */
const NS_GET_USERNS = 0xb701
/** memfd_create(2) */
const MFD_CLOEXEC = 1
const MFD_ALLOW_SEALING = 2
/** <linux/fcntl.h> */
const F_DUPFD_CLOEXEC = 1030
/** poll(2) */
const POLLIN = 1
/** <linux/netlink.h>, <sys/socket.h> */
const AF_NETLINK = 16
const SOCK_RAW_CLOEXEC = 3 | 0o2000000
const netlinkProtocols = { route: 0, netfilter: 12 } as const
const SOL_SOCKET = 1
const SO_RCVTIMEO = 20
const SO_PEERCRED = 17
/** unix(7), <sys/socket.h>, <sys/eventfd.h> */
const AF_UNIX = 1
const SOCK_SEQPACKET_NONBLOCK_CLOEXEC = 5 | 0o4000 | 0o2000000
const SOCK_NONBLOCK_CLOEXEC = 0o4000 | 0o2000000
const SCM_RIGHTS = 1
const MSG_DONTWAIT = 0x40
const MSG_NOSIGNAL = 0x4000
const SHUT_RDWR = 2
/** <asm-generic/unistd.h>; older C libraries have no functions for these */
const SYS_fsopen = 430
const SYS_fsconfig = 431
const SYS_fsmount = 432
/** <linux/mount.h> */
const FSOPEN_CLOEXEC = 1
const FSCONFIG_CMD_CREATE = 6
const FSMOUNT_CLOEXEC = 1
/** `sun_path` without its closing zero. */
const longestSocketPath = 107

// The running program already has the C library loaded, whatever its file is called.
const program = koffi.load(null)

const cSetns: (fd: number, kind: number) => number = program.func('int setns(int fd, int kind)')
const cUnshare: (flags: number) => number = program.func('int unshare(int flags)')
const cIoctl: (fd: number, request: number) => number = program.func(
  'int ioctl(int fd, unsigned long request)',
)
const cClose: (fd: number) => number = program.func('int close(int fd)')
const cFcntl: (fd: number, command: number, argument: number) => number = program.func(
  'int fcntl(int fd, int command, int argument)',
)
const cMemfdCreate: (name: string, flags: number) => number = program.func(
  'int memfd_create(const char *name, unsigned int flags)',
)
const cSocket: (domain: number, type: number, protocol: number) => number = program.func(
  'int socket(int domain, int type, int protocol)',
)
const cSetsockopt: (fd: number, level: number, name: number, value: Uint8Array, length: number) => number =
  program.func('int setsockopt(int fd, int level, int name, const uint8_t *value, uint32_t length)')
const cGetsockopt: (
  fd: number,
  level: number,
  name: number,
  value: Uint8Array,
  length: Uint8Array,
) => number = program.func(
  'int getsockopt(int fd, int level, int name, _Out_ uint8_t *value, _Inout_ uint8_t *length)',
)
const cSend: (fd: number, bytes: Uint8Array, length: number, flags: number) => number = program.func(
  'intptr_t send(int fd, const uint8_t *bytes, size_t length, int flags)',
)
const cRecv: (fd: number, bytes: Uint8Array, length: number, flags: number) => number = program.func(
  'intptr_t recv(int fd, _Out_ uint8_t *bytes, size_t length, int flags)',
)
const cBind: (fd: number, address: Uint8Array, length: number) => number = program.func(
  'int bind(int fd, const uint8_t *address, uint32_t length)',
)
const cListen: (fd: number, backlog: number) => number = program.func('int listen(int fd, int backlog)')
const cAccept: (fd: number, address: null, length: null, flags: number) => number = program.func(
  'int accept4(int fd, void *address, void *length, int flags)',
)
const cShutdown: (fd: number, how: number) => number = program.func('int shutdown(int fd, int how)')
const cEventfd: (count: number, flags: number) => number = program.func(
  'int eventfd(unsigned int count, int flags)',
)
const cPoll: KoffiFunc<(descriptors: Uint8Array, count: number, milliseconds: number) => number> =
  program.func('int poll(_Inout_ uint8_t *descriptors, unsigned long count, int milliseconds)')
const cSyscallOfText: (number: number, text: string, flags: number) => number = program.func(
  'syscall',
  'long',
  ['long', 'const char *', 'long'],
)
const cSyscall: (number: number, fd: number, a: number, b: number, c: number, d: number) => number =
  program.func('syscall', 'long', ['long', 'long', 'long', 'long', 'long', 'long'])
koffi.struct('iovec', { base: 'const uint8_t *', length: 'size_t' })
koffi.struct('msghdr', {
  name: 'void *',
  nameLength: 'uint32_t',
  vectors: 'iovec *',
  vectorCount: 'size_t',
  control: 'const uint8_t *',
  controlLength: 'size_t',
  flags: 'int',
})
type MessageHeader = Readonly<{
  name: null
  nameLength: number
  vectors: readonly Readonly<{ base: Uint8Array; length: number }>[]
  vectorCount: number
  control: Uint8Array | null
  controlLength: number
  flags: number
}>
const cSendmsg: (fd: number, message: MessageHeader, flags: number) => number = program.func(
  'intptr_t sendmsg(int fd, const msghdr *message, int flags)',
)

const cMallocTrim: (kept: number) => number = program.func('int malloc_trim(size_t kept)')

const errnoNames = new Map(Object.entries(koffi.os.errno).map(([name, value]) => [value, name]))

/** The symbolic name of an errno value, such as `EEXIST`. */
export function errnoName(value: number): string {
  return errnoNames.get(value) ?? `errno ${value}`
}

/** The result; throws {@link SystemCallError} when it is negative. */
export function checked(call: string, result: number): number {
  if (result < 0) throw new SystemCallError(call, errnoName(koffi.errno()))
  return result
}

/** Moves the calling thread into the network namespace behind the descriptor. */
export function setNetworkNamespace(fd: number): void {
  checked('setns', cSetns(fd, CLONE_NEWNET))
}

/** Moves the calling thread into a new, empty network namespace, which lives until the thread leaves it. */
export function unshareNetworkNamespace(): void {
  checked('unshare', cUnshare(CLONE_NEWNET))
}

/** A descriptor of the user namespace that owns the given namespace; the caller closes it. */
export function owningUserNamespace(fd: number): number {
  return checked('ioctl NS_GET_USERNS', cIoctl(fd, NS_GET_USERNS))
}

/** An empty file without a name; gone when it is closed with {@link closeDescriptor}. */
export function openMemoryFile(name: string): number {
  return checked('memfd_create', cMemfdCreate(name, MFD_CLOEXEC | MFD_ALLOW_SEALING))
}

/** A /proc that is mounted nowhere and ends with its descriptor, fsopen(2); the caller closes it. */
export function mountProc(): number {
  const context = checked('fsopen', cSyscallOfText(SYS_fsopen, 'proc', FSOPEN_CLOEXEC))
  try {
    checked('fsconfig', cSyscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, 0, 0, 0))
    return checked('fsmount', cSyscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, 0, 0, 0))
  } finally {
    cClose(context)
  }
}

export function closeDescriptor(fd: number): void {
  cClose(fd)
}

/**
 * Makes the kernel's table of this process's descriptors as large as it may get, if that is allowed. It else grows
 * whenever one more does not fit, and a process with threads stands still meanwhile, for tens of milliseconds.
 */
export function reserveDescriptors(count: number): void {
  const highest = cFcntl(2, F_DUPFD_CLOEXEC, count - 1)
  if (highest >= 0) cClose(highest)
}

/** What this process has freed goes back to the system; the C library would keep it, mostly for good. */
export function giveBackMemory(): void {
  cMallocTrim(0)
}

/** A netlink socket of the calling thread's namespace; a silent kernel ends a read after `seconds`. */
export function openNetlinkSocket(protocol: 'route' | 'netfilter', seconds: number): number {
  const fd = checked('socket', cSocket(AF_NETLINK, SOCK_RAW_CLOEXEC, netlinkProtocols[protocol]))
  const timeout = Buffer.alloc(16)
  timeout.writeBigInt64LE(BigInt(seconds))
  checked('setsockopt', cSetsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, timeout, timeout.length))
  return fd
}

export function sendBytes(fd: number, bytes: Uint8Array): void {
  checked('send', cSend(fd, bytes, bytes.length, 0))
}

/** Fills the buffer with one datagram and returns its length. */
export function receiveBytes(fd: number, into: Uint8Array): number {
  return checked('recv', cRecv(fd, into, into.length, 0))
}

/** The user at the other end of a connected Unix socket, unix(7); undefined when the socket is closed already. */
export function peerUid(socket: Socket): number | undefined {
  const handle: unknown = Reflect.get(socket, '_handle')
  const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined
  if (typeof fd !== 'number' || fd < 0) return undefined
  return peerOf(fd)?.uid
}

/** The process at the other end of a connected Unix socket, as it was when it connected. */
export function peerOf(fd: number): Readonly<{ pid: number; uid: number }> | undefined {
  // struct ucred: pid, uid, gid
  const credentials = Buffer.alloc(12)
  const length = Buffer.from([credentials.length, 0, 0, 0])
  if (cGetsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, length) !== 0) return undefined
  return { pid: credentials.readInt32LE(0), uid: credentials.readUInt32LE(4) }
}

/** A Unix socket of packets, bound to a path that does not exist yet, listening. Nothing on it ever blocks. */
export function openPacketListener(path: string, backlog: number): number {
  const name = Buffer.from(path)
  if (name.length > longestSocketPath) throw new SystemCallError('bind', 'ENAMETOOLONG')
  const address = Buffer.alloc(2 + name.length + 1)
  address.writeUInt16LE(AF_UNIX)
  name.copy(address, 2)
  const fd = checked('socket', cSocket(AF_UNIX, SOCK_SEQPACKET_NONBLOCK_CLOEXEC, 0))
  try {
    checked('bind', cBind(fd, address, address.length))
    checked('listen', cListen(fd, backlog))
    return fd
  } catch (error) {
    cClose(fd)
    throw error
  }
}

/** A connection that waits, not blocking either; undefined when none does. */
export function acceptPacketConnection(listener: number): number | undefined {
  return unlessItWouldBlock('accept4', () => cAccept(listener, null, null, SOCK_NONBLOCK_CLOEXEC))
}

/** Sends one packet, and with it a descriptor (SCM_RIGHTS) if one is given. @returns false when the queue is full */
export function sendPacket(fd: number, bytes: Uint8Array, descriptor?: number): boolean {
  const control = descriptor === undefined ? null : Buffer.alloc(24)
  if (control !== null && descriptor !== undefined) {
    // struct cmsghdr: length without padding, level, type; then the data
    control.writeBigUInt64LE(20n, 0)
    control.writeInt32LE(SOL_SOCKET, 8)
    control.writeInt32LE(SCM_RIGHTS, 12)
    control.writeInt32LE(descriptor, 16)
  }
  const message: MessageHeader = {
    name: null,
    nameLength: 0,
    vectors: [{ base: bytes, length: bytes.length }],
    vectorCount: 1,
    control,
    controlLength: control?.length ?? 0,
    flags: 0,
  }
  const flags = MSG_DONTWAIT | MSG_NOSIGNAL
  return unlessItWouldBlock('sendmsg', () => cSendmsg(fd, message, flags)) !== undefined
}

/**
 * Takes one packet; what does not fit is lost, and descriptors that came along are never opened.
 * @returns its length, 0 at the end of the connection, undefined when there is none
 */
export function receivePacket(fd: number, into: Uint8Array): number | undefined {
  return unlessItWouldBlock('recv', () => cRecv(fd, into, into.length, MSG_DONTWAIT))
}

/** Ends a connection for both sides and wakes whoever polls it; the descriptor stays open. */
export function shutDownConnection(fd: number): void {
  cShutdown(fd, SHUT_RDWR)
}

/** A descriptor that becomes readable when 8 bytes (a counter's increment) are written to it, eventfd(2). */
export function openEvent(): number {
  return checked('eventfd', cEventfd(0, SOCK_NONBLOCK_CLOEXEC))
}

/**
 * poll(2) on a thread of libuv's pool, which it holds until it returns.
 * @param descriptors array of `struct pollfd`, 8 bytes each; the kernel's answers are written into it
 * @returns how many are ready
 */
export function pollDescriptors(descriptors: Uint8Array, milliseconds: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  cPoll.async(descriptors, descriptors.length / 8, milliseconds, (error: unknown, ready: number) =>
    error ? reject(error) : resolve(ready),
  )
  return promise
}

/**
 * poll(2) of one descriptor on the calling thread, which it blocks; a signal ends it early.
 * @param fd undefined to do nothing but wait
 */
export function waitUntilReadable(fd: number | undefined, milliseconds: number): void {
  const descriptor = Buffer.alloc(8)
  descriptor.writeInt32LE(fd ?? -1, 0)
  descriptor.writeInt16LE(POLLIN, 4)
  cPoll(descriptor, 1, milliseconds)
}

function unlessItWouldBlock(call: string, attempt: () => number): number | undefined {
  for (;;) {
    const result = attempt()
    if (result >= 0) return result
    const errno = errnoName(koffi.errno())
    if (errno === 'EAGAIN' || errno === 'EWOULDBLOCK') return undefined
    if (errno !== 'EINTR') throw new SystemCallError(call, errno)
  }
}

/** An `nft_ctx *`. */
export type NftContext = { readonly brand: 'nft_ctx' }

/** libnftables(3), the part of it that is used. */
export type Libnftables = Readonly<{
  create(): NftContext
  free(context: NftContext): void
  setOutputFlags(context: NftContext, flags: number): void
  /** 0, or another number when the commands were refused. */
  run(context: NftContext, commands: string): number
  /** Tries a file without changing anything: its errors name the line. */
  checkFile(context: NftContext, path: string): number
  output(context: NftContext): string
  errors(context: NftContext): string
}>

/** Loads libnftables; throws with the loader's words when it is not there. */
export function loadLibnftables(file: string): Libnftables {
  const library = koffi.load(file)
  const create: (flags: number) => NftContext = library.func('void *nft_ctx_new(uint32_t flags)')
  const free: (context: NftContext) => void = library.func('void nft_ctx_free(void *context)')
  const bufferOutput: (context: NftContext) => number = library.func(
    'int nft_ctx_buffer_output(void *context)',
  )
  const bufferError: (context: NftContext) => number = library.func('int nft_ctx_buffer_error(void *context)')
  const setFlags: (context: NftContext, flags: number) => void = library.func(
    'void nft_ctx_output_set_flags(void *context, unsigned int flags)',
  )
  const run: (context: NftContext, commands: Uint8Array) => number = library.func(
    'int nft_run_cmd_from_buffer(void *context, const uint8_t *commands)',
  )
  const setDryRun: (context: NftContext, dry: boolean) => void = library.func(
    'void nft_ctx_set_dry_run(void *context, bool dry)',
  )
  const runFile: (context: NftContext, path: string) => number = library.func(
    'int nft_run_cmd_from_filename(void *context, const char *path)',
  )
  const output: (context: NftContext) => string | null = library.func(
    'str nft_ctx_get_output_buffer(void *context)',
  )
  const errors: (context: NftContext) => string | null = library.func(
    'str nft_ctx_get_error_buffer(void *context)',
  )
  return {
    create() {
      const context = create(0)
      bufferOutput(context)
      bufferError(context)
      return context
    },
    free,
    setOutputFlags: setFlags,
    // The library writes into the text while it parses, so it gets a copy of its own with the closing zero.
    run: (context, commands) => run(context, Buffer.from(`${commands}\0`)),
    checkFile(context, path) {
      setDryRun(context, true)
      return runFile(context, path)
    },
    output: (context) => output(context) ?? '',
    errors: (context) => errors(context) ?? '',
  }
}
