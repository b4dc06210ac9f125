import { describe, expect, it } from 'vitest'
import { withoutTier } from './without-tier.ts'

describe('a tier that cannot run', () => {
  it("is skipped on a person's machine", () => {
    for (const env of [{}, { CI: '' }, { CI: 'false' }])
      expect(withoutTier('cluster', 'it needs go', env)).toMatchObject({ failed: 0, skipped: 1 })
  })

  it('fails in CI, with the reason', () => {
    expect(withoutTier('cluster', 'it needs go', { CI: 'true' })).toMatchObject({
      failed: 1,
      skipped: 0,
      text: expect.stringContaining('it needs go'),
    })
  })
})
