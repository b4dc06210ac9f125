import { LOG_LEVELS, type LogLevel, PLUGIN_NAME } from '@istio-install-cni/config-schema'
import type { PluginPorts } from './ports.ts'

export type LineLevel = 'debug' | 'info' | 'warn' | 'error'
export type LineFields = Readonly<Record<string, string | number | undefined>>

interface Line {
  readonly level: LineLevel
  readonly time: number
  readonly msg: string
  readonly fields: LineFields
}

/** The lines of one call. Which of them count is only known with the configuration, so all are kept. */
export class PluginLog {
  readonly #lines: Line[] = []
  readonly #now: () => number

  constructor(ports: Pick<PluginPorts, 'wallClockMs'>) {
    this.#now = () => ports.wallClockMs()
  }

  write(level: LineLevel, msg: string, fields: LineFields = {}): void {
    this.#lines.push({ level, time: this.#now(), msg, fields })
  }

  /** JSON objects as the original's agent reads them: level, time, msg, and any further fields. */
  linesFrom(threshold: LogLevel): string[] {
    const least = LOG_LEVELS.indexOf(threshold)
    return this.#lines
      .filter(({ level }) => LOG_LEVELS.indexOf(level) >= least)
      .map(({ level, time, msg, fields }) =>
        JSON.stringify({ level, time: new Date(time).toISOString(), msg, plugin: PLUGIN_NAME, ...fields }),
      )
  }
}
