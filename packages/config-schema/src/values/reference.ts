/** The reference page of all values, as Markdown. */
export function valuesReference(): string {
  return '# Values\n'
}
