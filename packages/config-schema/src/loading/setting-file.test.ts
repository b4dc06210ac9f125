import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadSettings } from './load.ts'

describe('readSettingFile', () => {
  it('reads a file, and no further than a setting may be long', () => {
    const directory = mkdtempSync(join(tmpdir(), 'setting-file-'))
    try {
      const path = join(directory, 'name')
      writeFileSync(path, '10-a.conflist\n')
      expect(loadSettings({ env: { CNI_CONF_NAME_FILE: path }, argv: [] }).settings.cniConfName).toBe(
        '10-a.conflist',
      )
    } finally {
      rmSync(directory, { recursive: true })
    }
    expect(() => loadSettings({ env: { CNI_CONF_NAME_FILE: '/dev/zero' }, argv: [] })).toThrow(
      'at most 65536 bytes',
    )
  })
})
