import { describe, expect, it } from 'vitest'
import { scopedLevels } from './kinds/scoped-levels.ts'
import type { LogLevel } from './levels.ts'
import { effectiveLogLevels } from './log-levels.ts'

const levels = (logLevel: LogLevel, flag: string): string => {
  const { agent, plugin } = effectiveLogLevels({ logLevel, logOutputLevel: scopedLevels.parse(flag) })
  return `${agent} ${plugin}`
}

describe('effectiveLogLevels', () => {
  it.each([
    ['info', '', 'info info'],
    ['debug', '', 'debug debug'],
    ['info', 'debug', 'debug debug'],
    ['error', 'default:debug', 'debug debug'],
    ['info', 'default:info,cni-agent:debug', 'debug info'],
    ['warn', 'cni-plugin:debug', 'warn debug'],
    ['warn', 'all:error,cni-plugin:debug', 'error error'],
  ] as const)('makes of LOG_LEVEL %s and --log_output_level %j: %s', (logLevel, flag, expected) => {
    expect(levels(logLevel, flag)).toBe(expected)
  })

  it("lets LOG_LEVEL decide against the flag that the original's chart always passes", () => {
    expect(levels('debug', 'info')).toBe('debug debug')
  })
})
