/** Helm's truth: nothing, false, 0, an empty text, list or map are empty; `if` and `with` pass over them. */
export const isEmpty = (value: unknown): boolean => {
  if (value === undefined || value === null || value === false || value === 0 || value === '') return true
  if (Array.isArray(value)) return value.length === 0
  return typeof value === 'object' && Object.keys(value).length === 0
}
