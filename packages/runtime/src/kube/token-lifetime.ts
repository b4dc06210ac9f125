/** When a token is renewed, and until when it is used, as fractions of its lifetime. */
const renewal = { least: 0.75, spread: 0.1 }
const lastUse = 0.95

/** All in milliseconds since the token was issued. */
export interface TokenLifetime {
  readonly renewAfterMs: number
  /** From then on it is no token to leave on a node. */
  readonly spentAfterMs: number
}

/**
 * @param seconds that the token lives, as the server granted them
 * @param jitter 0 to 1, so that the agents of a cluster do not renew together
 */
export function tokenLifetime(seconds: number, jitter: number): TokenLifetime {
  const ms = seconds * 1000
  return {
    renewAfterMs: Math.round(ms * (renewal.least + renewal.spread * jitter)),
    spentAfterMs: Math.round(ms * lastUse),
  }
}
