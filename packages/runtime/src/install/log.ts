type Write = (fields: object, message: string) => void

/** What this room needs of a logger; a pino logger is one. */
export interface Log {
  debug: Write
  info: Write
  warn: Write
  error: Write
}
