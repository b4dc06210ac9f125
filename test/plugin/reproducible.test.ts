import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')

describe('the plugin binary', () => {
  it('has the same bytes when it is built again in another directory', { timeout: 600_000 }, async () => {
    const build = join(root, 'scripts/build-native.ts')
    const { stdout } = await promisify(execFile)(process.execPath, [build, '--check-reproducible'], {
      cwd: root,
    })
    expect(stdout).toMatch(/[0-9a-f]{64}/)
  })
})
