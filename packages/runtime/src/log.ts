import type { LogLevel } from '@istio-install-cni/config-schema'
import { type Logger, pino } from 'pino'

const levelNames: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
}

/** One line an event on stdout: JSON, or text in the original's columns (time, level, scope, message, fields). */
export function createLogger(scope: string, level: LogLevel, asJson: boolean): Logger {
  const destination = asJson ? undefined : { write: (line: string) => process.stdout.write(textLine(line)) }
  const options = {
    level: level === 'none' ? 'silent' : level,
    base: { scope },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  return destination === undefined ? pino(options) : pino({ ...options, formatters: {} }, destination)
}

function textLine(json: string): string {
  const { time, level, scope, msg, err, ...fields } = JSON.parse(json) as Record<string, unknown>
  const error = err === undefined ? [] : [['error', errorText(err)]]
  const pairs = [...Object.entries(fields), ...error].map(([key, value]) => `${key}=${valueText(value)}`)
  const columns = [time, levelNames[Number(level)] ?? level, scope, msg, pairs.join(' ')]
  return `${columns.filter((column) => column !== '').join('\t')}\n`
}

const errorText = (err: unknown) =>
  typeof err === 'object' && err !== null && 'message' in err ? String(err.message) : String(err)

/** Values stay on one line and cannot pretend to be another field. */
const valueText = (value: unknown) =>
  typeof value === 'string' && /^[\w./:@*-]+$/.test(value) ? value : JSON.stringify(value)
