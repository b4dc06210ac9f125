import type { Finding } from './install/installed.ts'

/** What was looked at, as a table of one line for each part. */
export interface Report {
  readonly isGood: boolean
  readonly text: string
}

export function reportOf(findings: readonly Finding[]): Report {
  const width = Math.max(...findings.map(({ part }) => part.length))
  const lines = findings.map(({ part, isGood, says }) => {
    const [first = '', ...more] = says.split('\n')
    const rest = more.map((line) => `\n        ${' '.repeat(width)}  ${line}`)
    return `${isGood ? 'ok     ' : 'FAILED '} ${part.padEnd(width)}  ${first}${rest.join('')}`
  })
  return { isGood: findings.every(({ isGood }) => isGood), text: `${lines.join('\n')}\n` }
}
