// As the API server asks them to be; not every app is checked by a compiler, hence `unknown`.

export function isNamespaceName(name: unknown): name is string {
  return typeof name === 'string' && /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)
}

export function isObjectName(name: unknown): name is string {
  return typeof name === 'string' && name.length <= 253 && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name)
}
