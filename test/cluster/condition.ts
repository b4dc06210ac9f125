import { setTimeout as pause } from 'node:timers/promises'

/** Asks until the answer is neither undefined, false nor an error. @throws when the deadline passes, with the last reason */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  deadlineMs = 120_000,
): Promise<T> {
  const end = Date.now() + deadlineMs
  let reason: unknown
  for (;;) {
    try {
      const answer = await ask()
      if (answer !== undefined && answer !== false) return answer
    } catch (error) {
      reason = error
    }
    if (Date.now() > end)
      throw new Error(
        `not within ${deadlineMs / 1000} s: ${what}`,
        reason === undefined ? {} : { cause: reason },
      )
    await pause(100)
  }
}
