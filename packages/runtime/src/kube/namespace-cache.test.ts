import { expect, it } from 'vitest'
import { NamespaceCache } from './namespace-cache.ts'

const namespace = (name: string, labels: object = {}) => ({ metadata: { name, labels } })

it('NamespaceCache keeps a bounded number of namespaces and labels', () => {
  const told: unknown[] = []
  const cache = new NamespaceCache((name) => told.push(name))
  cache.replace(Array.from({ length: 30_000 }, (_, number) => namespace(`n${number}`)))
  expect(cache.labelsOf('n19999')).toEqual({})
  expect(cache.labelsOf('n20000')).toBeUndefined()
  cache.put(namespace('one-more'))
  expect(cache.labelsOf('one-more')).toBeUndefined()
  const labels = Object.fromEntries(Array.from({ length: 5_000 }, (_, number) => [`l${number}`, 'x']))
  cache.put(namespace('n1', labels))
  expect(Object.keys(cache.labelsOf('n1') ?? {})).toHaveLength(1_000)
  expect(told).toEqual([undefined, 'n1'])
})
