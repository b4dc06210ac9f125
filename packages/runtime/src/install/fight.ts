/** Rewrites by others within `windowMs` that are borne without a pause, as at start-up of several agents. */
const borne = 5
const windowMs = 60_000
const shortestPauseMs = 1_000
const longestPauseMs = 30_000

/** What is known of others undoing our changes; times are milliseconds of one clock. */
export interface Fight {
  rewrites: readonly number[]
  announced: boolean
}

export const peace: Fight = { rewrites: [], announced: false }

export interface Round {
  fight: Fight
  /** How long to wait before writing again. */
  pauseMs: number
  /** This round makes it a fight that the operator must hear of: said once until it calms down. */
  announce: boolean
}

/** Somebody has undone our change to the file once more. */
export function nextRound(fight: Fight, now: number): Round {
  const rewrites = [...fight.rewrites.filter((at) => now - at < windowMs), now]
  const beyond = rewrites.length - borne
  const announced = beyond > 0 && (fight.announced || beyond === 1)
  return {
    fight: { rewrites: rewrites.slice(-borne - 6), announced },
    pauseMs: beyond > 0 ? Math.min(shortestPauseMs * 2 ** (beyond - 1), longestPauseMs) : 0,
    announce: announced && !fight.announced,
  }
}

/** Is the fight still on, or has the file been left alone for a whole window? */
export function isFighting(fight: Fight, now: number): boolean {
  return fight.announced && fight.rewrites.some((at) => now - at < windowMs)
}

/** One message for the operator; `names` are all files of the directory, which may give the other writer away. */
export function fightMessage(file: string, rewrites: number, names: readonly string[]): string {
  const message = `another program removed our plugin from ${file} ${rewrites} times within a minute; we keep putting it back, more slowly`
  const cilium = [file, ...names].some((name) => /cilium/i.test(name))
  return cilium
    ? `${message}. Cilium is installed: set cni.exclusive=false in its configuration, or use ISTIO_OWNED_CNI_CONFIG`
    : message
}
