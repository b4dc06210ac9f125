import type { ZtunnelConnection } from './connection.ts'
import { ZtunnelError } from './errors.ts'

type Waiter = Readonly<{
  resolve: (connection: ZtunnelConnection) => void
  reject: (error: ZtunnelError) => void
}>

/** The connected ztunnels, oldest first, and those who wait for one. */
export class Connections {
  readonly #all: ZtunnelConnection[] = []
  readonly #waiters = new Set<Waiter>()

  get count(): number {
    return this.#all.length
  }

  /** The one that pods are added to: while ztunnel is replaced, the successor. */
  get newest(): ZtunnelConnection | undefined {
    return this.#all.findLast(({ hasSaidHello }) => hasSaidHello)
  }

  /** Those that have pods. */
  get greeted(): readonly ZtunnelConnection[] {
    return this.#all.filter(({ hasSaidHello }) => hasSaidHello)
  }

  add(connection: ZtunnelConnection): void {
    this.#all.push(connection)
  }

  remove(connection: ZtunnelConnection): void {
    const index = this.#all.indexOf(connection)
    if (index >= 0) this.#all.splice(index, 1)
  }

  greet(connection: ZtunnelConnection): void {
    for (const { resolve } of this.#waiters) resolve(connection)
  }

  /** Nobody comes any more. */
  end(reason: ZtunnelError): void {
    for (const { reject } of this.#waiters) reject(reason)
    for (const connection of [...this.#all]) connection.close(reason)
  }

  /**
   * Resolves with the newest ztunnel as soon as there is one; rejects with ZtunnelError `no-connection`.
   * @param milliseconds to wait for it
   */
  async wait(milliseconds: number): Promise<ZtunnelConnection> {
    if (this.newest !== undefined) return this.newest
    const { promise, resolve, reject } = Promise.withResolvers<ZtunnelConnection>()
    const timer = setTimeout(
      () => reject(new ZtunnelError('no-connection', 'no ztunnel is connected')),
      Math.max(0, milliseconds),
    )
    const waiter = { resolve, reject }
    this.#waiters.add(waiter)
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      this.#waiters.delete(waiter)
    }
  }
}
