/** Rewrites by others that are borne without a pause, as when several agents start at once. */
const borne = 5
/** A file that is left alone for so long is at peace. */
const windowMs = 60_000
const shortestPauseMs = 1_000
const longestPauseMs = 30_000

/** What is known of others undoing our changes; `lastAt` is in milliseconds of one clock. */
export interface Fight {
  /** Rewrites, each within `windowMs` of the one before. */
  rewrites: number
  lastAt: number
}

export const peace: Fight = { rewrites: 0, lastAt: 0 }

export interface Round {
  fight: Fight
  /** How long to wait before writing again. */
  pauseMs: number
  /** This round makes it a fight that the operator must hear of: said once until it calms down. */
  announce: boolean
}

/** Somebody has undone our change to the file once more. */
export function nextRound(fight: Fight, now: number): Round {
  const rewrites = (now - fight.lastAt < windowMs ? fight.rewrites : 0) + 1
  const beyond = rewrites - borne
  return {
    fight: { rewrites, lastAt: now },
    pauseMs: beyond > 0 ? Math.min(shortestPauseMs * 2 ** (beyond - 1), longestPauseMs) : 0,
    announce: beyond === 1,
  }
}

/** Is the fight still on, or has the file been left alone for a whole window? */
export function isFighting({ rewrites, lastAt }: Fight, now: number): boolean {
  return rewrites > borne && now - lastAt < windowMs
}

/** One message for the operator; `names` are all files of the directory, which may give the other writer away. */
export function fightMessage(file: string, rewrites: number, names: readonly string[]): string {
  const message = `another program removed our plugin from ${file} ${rewrites} times in a row; we keep putting it back, more slowly`
  const cilium = [file, ...names].some((name) => /cilium/i.test(name))
  return cilium
    ? `${message}. Cilium is installed: set cni.exclusive=false in its configuration, or use ISTIO_OWNED_CNI_CONFIG`
    : message
}
