import type { FindNamespaces } from './ports.ts'

export type Found = Readonly<{ path: string; inode: bigint; proof: string }>

type Question = {
  uid: string
  addresses: readonly string[]
  resolve: (found: Found | undefined) => void
  reject: (error: unknown) => void
}

/** A search reads all of /proc; what is asked while one is under way is answered by the next, all of it at once. */
export class NamespaceSearch {
  readonly #find: FindNamespaces
  #questions: Question[] = []
  #isBusy = false

  constructor(find: FindNamespaces) {
    this.#find = find
  }

  /** Undefined when nothing proves which namespace is the pod's. */
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
        const found = await this.#find(new Map(questions.map(({ uid, addresses }) => [uid, { addresses }])))
        for (const { uid, resolve } of questions) resolve(found.get(uid))
      } catch (error) {
        for (const { reject } of questions) reject(error)
      }
    }
    this.#isBusy = false
  }
}
