import { describe, expect, it } from 'vitest'
import { helpText } from './help.ts'
import { settingsReference } from './reference.ts'
import { settings } from './settings/table.ts'

describe('settingsReference', () => {
  it('has one row of seven cells for every setting', () => {
    const rows = settingsReference().split('\n')
    for (const { env, flag } of settings) {
      const mine = rows.filter((row) => row.includes(`\`<br>\`--${flag}\` |`))
      expect(mine, env).toHaveLength(1)
      expect(mine[0]?.split(/(?<!\\)\|/), env).toHaveLength(9)
      expect(mine[0], env).toContain(`| \`${env}\``)
    }
  })
})

describe('helpText', () => {
  it('names every flag, the commands, and fits on a terminal', () => {
    const text = helpText([{ name: 'check', description: 'Tells whether this node is ready.' }])
    for (const { flag } of settings) expect(text).toContain(`  --${flag}`)
    expect(text).toContain('check  Tells')
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(112)
  })
})
