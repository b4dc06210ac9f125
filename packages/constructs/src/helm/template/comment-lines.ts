import { line, type Scope } from './scope.ts'

const WIDTH = 100

/** A comment as lines of YAML. */
export const commentLines = (text: string, scope: Scope): string[] => {
  const lines: string[] = []
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1)
    if (last === undefined || last.length + word.length + scope.indent + 3 > WIDTH) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines.map((each) => line(scope, `# ${each}`))
}
