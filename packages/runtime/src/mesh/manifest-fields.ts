import { PodManifestError } from './errors.ts'

/** A value inside an untrusted manifest, together with its path there, such as `spec.containers[1].name`. */
export type Field = Readonly<{ value: unknown; path: string }>

/** Larger than what Kubernetes lets through (annotations of one object: 256 KiB). */
const longestText = 1 << 20

export function child({ value, path }: Field, name: string): Field {
  const here = isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined
  return { value: here ?? undefined, path: path === '' ? name : `${path}.${name}` }
}

export function record(field: Field): Field {
  if (field.value === undefined || isRecord(field.value)) return field
  throw new PodManifestError(field.path, 'an object')
}

export function elements({ value, path }: Field, most: number): readonly Field[] {
  if (value === undefined) return []
  if (!Array.isArray(value) || value.length > most)
    throw new PodManifestError(path, `a list of at most ${most}`)
  return value.map((element: unknown, index) => ({ value: element, path: `${path}[${index}]` }))
}

export function text({ value, path }: Field): string | undefined {
  if (value === undefined || (typeof value === 'string' && value.length <= longestText)) return value
  throw new PodManifestError(path, 'a string')
}

export function requiredText(field: Field): string {
  const found = text(field)
  if (found === undefined || found === '')
    throw new PodManifestError(field.path, 'a string that is not empty')
  return found
}

export function flag({ value, path }: Field, whenAbsent: boolean): boolean {
  if (value === undefined || typeof value === 'boolean') return value ?? whenAbsent
  throw new PodManifestError(path, 'true or false')
}

/** The values of an object of strings whose keys are wanted. Without a prototype: keys come from outside. */
export function texts(
  field: Field,
  most: number,
  isWanted: (key: string) => boolean,
): Readonly<Record<string, string>> {
  const found: Record<string, string> = Object.create(null)
  const { value, path } = record(field)
  if (!isRecord(value)) return found
  const keys = Object.keys(value)
  if (keys.length > most) throw new PodManifestError(path, `at most ${most} entries`)
  for (const key of keys.filter(isWanted)) found[key] = text(child(field, key)) ?? ''
  return found
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
