/** A few worker threads, one job at a time each, started when there is work for them. */
import { Worker } from 'node:worker_threads'
import { errorOfData, NetnsError } from './errors.ts'
import type { Assignment, Job, JobResult, Reply, WorkerSetup } from './jobs.ts'
import { newSharedLock, releaseLock } from './lock.ts'

/** Beside the bundle of the agent when it is bundled, else the source. */
const workerFile = new URL(
  import.meta.url.endsWith('.ts') ? './worker.ts' : './netns-worker.mjs',
  import.meta.url,
)

export type PoolOptions = Readonly<{
  size: number
  allowHostNamespace: boolean
  nftLibrary: string
  onWorkerLost?: (error: NetnsError) => void
  /** After a job's own time: until its children are killed and its changes are taken back. @default 5000 */
  graceMilliseconds?: number
  /** How long a job waits for a thread before another one is started: each costs 15 MB. @default 250 */
  patienceMilliseconds?: number
  /** How long a thread beyond the first is kept without work. @default 10000 */
  idleMilliseconds?: number
  /** Another worker program, for tests. */
  file?: URL
}>

type Pending = {
  job: Job
  /** Jobs with the same key run one after another. */
  key: string
  since: number
  end: number
  settle: (error: NetnsError | undefined, result?: JobResult) => void
  timer?: NodeJS.Timeout
}

type Member = { thread: Worker; number: number; current: Pending | undefined; idle?: NodeJS.Timeout }

export class WorkerPool {
  readonly #options: PoolOptions
  readonly #nftLock = newSharedLock()
  readonly #members = new Set<Member>()
  #waiting: Pending[] = []
  #started = 0
  #closed = false
  #impatient: NodeJS.Timeout | undefined

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /** Rejects with a {@link NetnsError}; a job that waits too long is dropped, one that hangs loses its thread. */
  run(job: Job, key: string, milliseconds: number): Promise<JobResult> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new NetnsError('closed', 'the namespace workers have been stopped'))
        return
      }
      const since = performance.now()
      const pending: Pending = {
        job,
        key,
        since,
        end: since + milliseconds,
        settle(error, result) {
          clearTimeout(pending.timer)
          if (error) reject(error)
          else resolve(result)
        },
      }
      pending.timer = setTimeout(() => this.#dropWaiting(pending), milliseconds)
      this.#waiting.push(pending)
      this.#assign()
    })
  }

  /** Lets running jobs end, refuses waiting ones, and stops the threads. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#impatient)
    for (const pending of this.#waiting.splice(0)) {
      pending.settle(new NetnsError('closed', 'the namespace workers are being stopped'))
    }
    await Promise.all([...this.#members].map((member) => this.#stopWhenIdle(member)))
  }

  async #stopWhenIdle(member: Member): Promise<void> {
    while (member.current && this.#members.has(member)) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const { current } = member
      const settle = current.settle
      current.settle = (error, result) => {
        settle(error, result)
        resolve()
      }
      await promise
    }
    this.#members.delete(member)
    clearTimeout(member.idle)
    await member.thread.terminate()
  }

  #dropWaiting(pending: Pending): void {
    if (!this.#waiting.includes(pending)) return
    this.#waiting = this.#waiting.filter((other) => other !== pending)
    pending.settle(new NetnsError('deadline', `no worker was free in time for ${describe(pending.job)}`))
  }

  #assign(): void {
    for (;;) {
      const busy = new Set([...this.#members].map(({ current }) => current?.key))
      const pending = this.#waiting.find(({ key }) => !busy.has(key))
      if (!pending) return
      const idle = [...this.#members].find(({ current }) => current === undefined)
      const member = idle ?? (this.#members.size === 0 ? this.#startMember() : this.#startMemberFor(pending))
      if (!member) return
      this.#waiting = this.#waiting.filter((other) => other !== pending)
      this.#give(member, pending)
    }
  }

  /** Most bursts are over before another thread would have started. */
  #startMemberFor({ since }: Pending): Member | undefined {
    if (this.#members.size >= this.#options.size) return undefined
    const left = since + (this.#options.patienceMilliseconds ?? 250) - performance.now()
    if (left <= 0) return this.#startMember()
    this.#impatient ??= setTimeout(() => {
      this.#impatient = undefined
      if (!this.#closed) this.#assign()
    }, left)
    return undefined
  }

  #give(member: Member, pending: Pending): void {
    clearTimeout(pending.timer)
    clearTimeout(member.idle)
    member.current = pending
    member.thread.ref()
    const milliseconds = Math.max(1, pending.end - performance.now())
    pending.timer = setTimeout(
      () => {
        this.#lose(member, new NetnsError('deadline', `${describe(pending.job)} did not end in time`))
      },
      milliseconds + (this.#options.graceMilliseconds ?? 5000),
    )
    const assignment: Assignment = { job: pending.job, milliseconds }
    member.thread.postMessage(assignment)
  }

  #startMember(): Member {
    this.#started += 1
    const setup: WorkerSetup = {
      number: this.#started,
      nftLock: this.#nftLock,
      allowHostNamespace: this.#options.allowHostNamespace,
      nftLibrary: this.#options.nftLibrary,
    }
    const thread = new Worker(this.#options.file ?? workerFile, {
      name: `netns-${setup.number}`,
      workerData: setup,
      // A worker holds a few listings; without bounds V8 would size its heap by the machine's memory.
      resourceLimits: { maxOldGenerationSizeMb: 48, maxYoungGenerationSizeMb: 4 },
    })
    const member: Member = { thread, number: setup.number, current: undefined }
    thread.unref()
    thread.on('message', (reply: Reply) => this.#receive(member, reply))
    thread.on('error', (cause) => {
      this.#lose(
        member,
        new NetnsError('worker-died', 'the namespace worker failed', { detail: String(cause), cause }),
      )
    })
    thread.on('exit', () => this.#lose(member, new NetnsError('worker-died', 'the namespace worker ended')))
    this.#members.add(member)
    return member
  }

  #receive(member: Member, reply: Reply): void {
    const { current } = member
    member.current = undefined
    member.thread.unref()
    if (!current) return
    if ('error' in reply) {
      current.settle(errorOfData(reply.error))
      if (reply.lost) this.#lose(member, errorOfData(reply.error))
    } else {
      current.settle(undefined, reply.result)
    }
    this.#assign()
    if (member.current === undefined) this.#rest(member)
  }

  /** Ends a thread that nobody needs for a while; one stays, so that the next pod finds it warm. */
  #rest(member: Member): void {
    member.idle = setTimeout(() => {
      if (this.#members.size < 2 || !this.#members.delete(member)) return
      void member.thread.terminate()
    }, this.#options.idleMilliseconds ?? 10_000)
    member.idle.unref()
  }

  /** Gives the thread up: its job fails, what it held is freed, and another takes its place when there is work. */
  #lose(member: Member, error: NetnsError): void {
    if (!this.#members.delete(member)) return
    clearTimeout(member.idle)
    member.current?.settle(error)
    member.current = undefined
    releaseLock(this.#nftLock, member.number)
    // A thread that hangs in a system call ends when the call does; nobody waits for it.
    void member.thread.terminate()
    if (!this.#closed) {
      this.#options.onWorkerLost?.(error)
      this.#assign()
    }
  }
}

function describe(job: Job): string {
  return 'path' in job ? `${job.kind} in ${job.path}` : job.kind
}
