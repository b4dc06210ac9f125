/** What a tier that cannot run counts as: where nobody reads along, a tier that is left out must not look well. */
export function withoutTier(
  name: string,
  missing: string,
  env: NodeJS.ProcessEnv,
): { text: string; failed: number; skipped: number } {
  const isCi = env.CI !== undefined && !['', '0', 'false'].includes(env.CI)
  return isCi
    ? { text: `The tier ${name} cannot run, and in CI it must: ${missing}.`, failed: 1, skipped: 0 }
    : { text: `The tier ${name} is skipped: ${missing}.`, failed: 0, skipped: 1 }
}
