import type { LogLevel } from '@istio-install-cni/config-schema'
import { type Logger, pino } from 'pino'
import { escaped } from './mesh/quoted.ts'

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
  // An error that is the message itself is said once; its causes are in its message.
  const isSaid = err === undefined || (msg !== '' && errorText(err).startsWith(String(msg)))
  const error = isSaid ? [] : [['error', errorText(err)]]
  const pairs = [...Object.entries(fields), ...error].map(
    ([key, value]) => `${valueText(key)}=${valueText(value)}`,
  )
  const columns = [time, levelNames[Number(level)] ?? level, scope, msg, pairs.join(' ')]
  // Messages, names of fields and values come from plugins and pods too: none may look like a line of its own.
  return `${columns
    .filter((column) => column !== '')
    .map((column) => escaped(String(column)))
    .join('\t')}\n`
}

const errorText = (err: unknown) =>
  typeof err === 'object' && err !== null && 'message' in err && typeof err.message === 'string'
    ? err.message
    : typeof err === 'string'
      ? err
      : JSON.stringify(err)

/** Names and values cannot pretend to be another field. */
const valueText = (value: unknown) =>
  typeof value === 'string' && /^[\w./:@*-]+$/.test(value) ? value : JSON.stringify(value)
