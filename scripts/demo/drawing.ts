/** Text for the terminal. */

export const heading = (text: string): string =>
  `\n\x1b[1m── ${text} ${'─'.repeat(Math.max(2, 76 - text.length))}\x1b[0m`

/** Columns as wide as their longest cell. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map((cell) => '─'.repeat(cell.length)), ...rows]
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** The text after, with a mark at every line that was not there before. */
export function withMarks(before: string, after: string): string {
  const known = new Set(before.split('\n').map((line) => line.trim().replace(/,$/, '')))
  return after
    .trimEnd()
    .split('\n')
    .map((line) => (known.has(line.trim().replace(/,$/, '')) ? `  ${line}` : `\x1b[32m+ ${line}\x1b[0m`))
    .join('\n')
}

/** How a connection travels in REDIRECT mode. */
export const drawing = (outside: string): string => `
  in    client ──▶ pod:8080 ──▶ nat PREROUTING ──▶ ISTIO_INBOUND ──▶ proxy :15006 ──▶ app :8080
                                                   └─ excluded port ─────────────────▶ app

  out   app ──▶ ${outside}:80 ──▶ nat OUTPUT ──▶ ISTIO_OUTPUT ──▶ proxy :15001 ──▶ ${outside}:80
                                                 ├─ excluded port or range ─────────▶ direct
                                                 └─ the proxy's own (uid 1337) ─────▶ direct

  dns   app ──▶ any server:53 ──▶ nat OUTPUT ──▶ ISTIO_OUTPUT_DNS ──▶ proxy :15053`
