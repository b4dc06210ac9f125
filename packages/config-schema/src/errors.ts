import { shown } from './shown.ts'

/** One setting that cannot be used. */
export interface SettingProblem {
  /** As the user wrote it: `CNI_NET_DIR`, `CNI_NET_DIR_FILE`, `--cni-net-dir`. */
  readonly setting: string
  /** What was given; absent when it may be a secret. */
  readonly value?: string
  /** Completes the sentence "expected …". */
  readonly expectation: string
  /** What to write instead, if that can be told. */
  readonly suggestion?: string
}

/** Settings that cannot be used: all of them, so that one correction is enough. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
  readonly code = 'SETTINGS_INVALID'
  readonly problems: readonly SettingProblem[]

  constructor(problems: readonly SettingProblem[], options?: { readonly cause?: unknown }) {
    const lines = problems.map((problem) => `\n  ${sentence(problem)}`)
    super(`${problems.length === 1 ? 'a setting' : 'settings'} cannot be used:${lines.join('')}`, options)
    this.problems = problems
  }
}

function sentence({ setting, value, expectation, suggestion }: SettingProblem): string {
  const given = value === undefined ? '' : `=${shown(value)}`
  const hint = suggestion === undefined ? '' : `; did you mean ${suggestion}?`
  return `${setting}${given}: expected ${expectation}${hint}`
}
