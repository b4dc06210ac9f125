/**
 * A lock that the worker threads of one process share, for code that is not thread-safe.
 *
 * libnftables keeps tables of names in static variables before 1.0.9, so only one thread may be inside it.
 * The holder's number is in the cell: when a worker dies, the pool frees what that worker held.
 */
export type SharedLock = Int32Array<SharedArrayBuffer>

const free = 0

export function newSharedLock(): SharedLock {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
}

/** Runs `work` while no other holder is inside. `holder` is a positive number of the calling thread alone. */
export function whileLocked<T>(lock: SharedLock, holder: number, work: () => T): T {
  for (;;) {
    const present = Atomics.compareExchange(lock, 0, free, holder)
    if (present === free) break
    Atomics.wait(lock, 0, present)
  }
  try {
    return work()
  } finally {
    releaseLock(lock, holder)
  }
}

/** Frees the lock if that holder has it. */
export function releaseLock(lock: SharedLock, holder: number): void {
  if (Atomics.compareExchange(lock, 0, holder, free) === holder) Atomics.notify(lock, 0)
}
