import { within } from './deadline.ts'
import type { FindNamespaces } from './ports.ts'

/** A search, with what it has to know of the node. */
type Search = (wanted: Parameters<FindNamespaces>[0]) => ReturnType<FindNamespaces>

export type Found = Readonly<{ path: string; inode: bigint; proof: string }>

type Question = {
  uid: string
  addresses: readonly string[]
  resolve: (found: Found | undefined) => void
  reject: (error: unknown) => void
}

/** A search that hangs may hold threads and descriptors: with so many of them no other is begun. */
const mostHanging = 3

/**
 * A search reads all of /proc; what is asked while one is under way is answered by the next, all of it at once. One
 * that does not end is given up, and holds up nobody who asks later.
 */
export class NamespaceSearch {
  readonly #find: Search
  readonly #deadlineMs: number
  #questions: Question[] = []
  #isBusy = false
  #hanging = 0

  /** @param deadlineMs for one search; a node with ten thousand processes takes a few seconds @default 20000 */
  constructor(find: Search, deadlineMs = 20_000) {
    this.#find = find
    this.#deadlineMs = deadlineMs
  }

  /** Undefined when nothing proves which namespace is the pod's. Rejects when the search fails or does not end. */
  find(uid: string, addresses: readonly string[]): Promise<Found | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<Found | undefined>()
    this.#questions.push({ uid, addresses, resolve, reject })
    if (!this.#isBusy) void this.#run()
    return promise
  }

  async #run(): Promise<void> {
    this.#isBusy = true
    await Promise.resolve()
    while (this.#questions.length > 0) {
      const questions = this.#questions.splice(0)
      try {
        const found = await this.#search(new Map(questions.map(({ uid, addresses }) => [uid, { addresses }])))
        for (const { uid, resolve } of questions) resolve(found.get(uid))
      } catch (error) {
        for (const { reject } of questions) reject(error)
      }
    }
    this.#isBusy = false
  }

  #search(...[wanted]: Parameters<Search>): ReturnType<Search> {
    if (this.#hanging >= mostHanging)
      return Promise.reject(new Error(`${mostHanging} searches for network namespaces do not end`))
    const search = this.#find(wanted)
    this.#hanging++
    const ended = () => void this.#hanging--
    search.then(ended, ended)
    return within(this.#deadlineMs, search, () => {
      throw new Error(`the search for network namespaces has not ended within ${this.#deadlineMs} ms`)
    })
  }
}
