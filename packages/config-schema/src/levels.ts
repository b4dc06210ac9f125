/** Log levels of the original, from talkative to silent. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'fatal', 'none'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]
