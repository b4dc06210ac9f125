import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DirectoryPods } from './directory.ts'
import { DirectoryNamespaces } from './directory-namespaces.ts'

const silent = pino({ enabled: false })
const manifest = (name: string, label: string) =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: shop, labels: {app: ${label}}}\n`

/** Keeps the label alone; refuses a pod that says so. */
function labelOf(pod: unknown): string {
  const { app } = (pod as { metadata: { labels: { app: string } } }).metadata.labels
  if (app === 'refuse') throw new Error('refused')
  return app
}

describe('DirectoryNamespaces', () => {
  const namespace = (name: string, mode: string) =>
    `kind: Namespace\nmetadata: {name: ${name}, labels: {istio.io/dataplane-mode: ${mode}}}\n`

  it('has the labels of the namespaces among the manifests of pods, and tells when they may have changed', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'namespaces-'))
    const namespaces = new DirectoryNamespaces(directory, silent)
    try {
      await writeFile(
        join(directory, 'a.yaml'),
        `${namespace('shop', 'ambient')}---\n${manifest('one', 'x')}`,
      )
      await namespaces.start()
      expect(await namespaces.labelsOf('shop')).toEqual({ 'istio.io/dataplane-mode': 'ambient' })
      expect(await namespaces.labelsOf('without-manifest')).toEqual({})
      let changes = 0
      namespaces.onChange(() => {
        changes += 1
      })
      await writeFile(join(directory, 'a.yaml'), namespace('shop', 'none'))
      await expect.poll(() => changes, { timeout: 10_000 }).toBeGreaterThan(0)
      expect(await namespaces.labelsOf('shop')).toEqual({ 'istio.io/dataplane-mode': 'none' })
      expect(namespaces.unreadyReasons()).toEqual([])
    } finally {
      await namespaces.close()
      await rm(directory, { recursive: true })
    }
  })
})

describe('DirectoryPods', () => {
  let directory: string
  let pods: DirectoryPods<string>

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pods-'))
    await writeFile(join(directory, 'a.yaml'), `${manifest('one', 'first')}---\n${manifest('two', 'second')}`)
    pods = new DirectoryPods(directory, labelOf, silent, 'Node-1')
    await pods.start()
  })

  afterEach(async () => {
    pods.close()
    await rm(directory, { recursive: true })
  })

  it('finds every pod of a file with several documents', async () => {
    expect(await pods.find('shop', 'one')).toBe('first')
    expect(await pods.find('shop', 'two')).toBe('second')
  })

  it('knows no pod of another namespace or name', async () => {
    expect(await pods.find('default', 'one')).toBeUndefined()
    expect(await pods.find('shop', 'three')).toBeUndefined()
  })

  it('finds a pod whose file came after the start, and the new content of a changed file', async () => {
    await writeFile(
      join(directory, 'b.json'),
      JSON.stringify({
        kind: 'List',
        items: [{ kind: 'Pod', metadata: { name: 'late', labels: { app: 'x' } } }],
      }),
    )
    expect(await pods.find('default', 'late')).toBe('x')
    await writeFile(join(directory, 'a.yaml'), manifest('one', 'changed'))
    expect(await pods.find('shop', 'one')).toBe('changed')
  })

  it('has all pods that can be understood, and tells that they have changed without being asked', async () => {
    const told: string[] = []
    pods.onChange(({ kind }) => told.push(`${kind} ${[...pods.all()]}`))
    await writeFile(join(directory, 'bad.yaml'), manifest('bad', 'refuse'))
    await writeFile(join(directory, 'c.yaml'), manifest('three', 'third'))
    await expect.poll(() => told.at(-1), { timeout: 10_000 }).toBe('replaced first,second,third')
    await rm(join(directory, 'a.yaml'))
    await expect.poll(() => told.at(-1), { timeout: 10_000 }).toBe('replaced third')
    const { length } = told
    await pods.find('shop', 'none')
    expect(told).toHaveLength(length)
  })

  it('skips a file that is no YAML and keeps the others', async () => {
    await writeFile(join(directory, 'broken.yaml'), '{{{')
    await writeFile(join(directory, 'c.yaml'), manifest('three', 'third'))
    expect(await pods.find('shop', 'three')).toBe('third')
  })

  it('keeps what it had of a file that somebody spoils: its pods still run', async () => {
    await writeFile(join(directory, 'a.yaml'), 'kind: [')
    expect([await pods.find('shop', 'one'), [...pods.all()]]).toEqual(['first', ['first', 'second']])
    await writeFile(join(directory, 'a.yaml'), manifest('one', 'third'))
    expect([await pods.find('shop', 'one'), [...pods.all()]]).toEqual(['third', ['third']])
  })

  it('names the pod whose manifest cannot be understood', async () => {
    await writeFile(join(directory, 'd.yaml'), manifest('bad', 'refuse'))
    await expect(pods.find('shop', 'bad')).rejects.toThrow(/manifest of pod shop\/bad.*: refused/)
  })

  it('knows a pod by the name that the kubelet gives to pods of its own manifest files', async () => {
    expect(await pods.find('shop', 'one-node-1')).toBe('first')
    expect(await pods.find('shop', 'one-node-2')).toBeUndefined()
  })

  it('forgets a pod whose file is gone, and follows a file that another took the place of', async () => {
    await writeFile(join(directory, '.new'), manifest('one', 'renamed'))
    await rename(join(directory, '.new'), join(directory, 'a.yaml'))
    expect(await pods.find('shop', 'one')).toBe('renamed')
    await rm(join(directory, 'a.yaml'))
    expect(await pods.find('shop', 'one')).toBeUndefined()
  })

  it('follows what a link points to', async () => {
    for (const version of ['v1', 'v2']) {
      await mkdir(join(directory, version))
      await writeFile(join(directory, version, 'pod.yaml'), manifest('linked', version))
    }
    await symlink('v1', join(directory, 'current'))
    await symlink('current/pod.yaml', join(directory, 'link.yaml'))
    expect(await pods.find('shop', 'linked')).toBe('v1')
    await symlink('v2', join(directory, 'next'))
    await rename(join(directory, 'next'), join(directory, 'current'))
    expect(await pods.find('shop', 'linked')).toBe('v2')
  })

  it('says why it is not ready while the directory is away, and follows the one that comes back', async () => {
    await rm(directory, { recursive: true })
    await expect(pods.find('shop', 'one')).rejects.toThrow(/cannot be read: ENOENT/)
    expect(pods.unreadyReasons()).toEqual([expect.stringContaining(directory)])
    await mkdir(directory)
    for (const label of ['back', 'changed']) {
      await writeFile(join(directory, 'a.yaml'), manifest('one', label))
      expect(await pods.find('shop', 'one')).toBe(label)
    }
    expect(pods.unreadyReasons()).toEqual([])
  })

  it('answers questions that come together, each by a reading that began after it', async () => {
    const early = pods.find('shop', 'late')
    await writeFile(join(directory, 'late.yaml'), manifest('late', 'x'))
    const late = Array.from({ length: 10 }, () => pods.find('shop', 'late'))
    expect(new Set(await Promise.all(late))).toEqual(new Set(['x']))
    await early
  })

  it('passes over pipes and devices, which have no end', async () => {
    execFileSync('mkfifo', [join(directory, 'pipe.yaml')])
    await symlink('/dev/zero', join(directory, 'zero.yaml'))
    expect(await pods.find('shop', 'none')).toBeUndefined()
  })

  it('tells once of a file that it cannot use, and again when it has changed', async () => {
    const told: string[] = []
    const log = { ...silent, warn: ({ file }: { file: string }) => told.push(basename(file)) }
    const other = new DirectoryPods(directory, labelOf, log as unknown as typeof silent, '')
    await writeFile(join(directory, 'broken.yaml'), '{{{')
    await writeFile(join(directory, 'huge.yaml'), `# ${'x'.repeat(3 << 20)}`)
    await other.start()
    await other.find('shop', 'none')
    expect(told).toEqual(['broken.yaml', 'huge.yaml'])
    await writeFile(join(directory, 'broken.yaml'), '{{{{')
    await other.find('shop', 'none')
    expect(told).toEqual(['broken.yaml', 'huge.yaml', 'broken.yaml'])
    other.close()
  })

  it('is not held up by very many keys, by aliases of aliases, or by deep nesting', async () => {
    const keys = Array.from({ length: 60_000 }, (_, index) => `k${index}: 1`).join('\n')
    await writeFile(join(directory, 'keys.yaml'), keys)
    const bomb = 'bcdefghi'.split('').map((name, index) => {
      const alias = `*${'abcdefgh'[index]}`
      return `${name}: &${name} [${Array(10).fill(alias)}]`
    })
    await writeFile(join(directory, 'bomb.yaml'), ['a: &a [x, x]', ...bomb].join('\n'))
    await writeFile(join(directory, 'deep.yaml'), '['.repeat(100_000))
    await writeFile(join(directory, 'z.yaml'), manifest('last', 'found'))
    expect(await pods.find('shop', 'last')).toBe('found')
  })

  it('says which directory cannot be watched', async () => {
    const none = new DirectoryPods(join(directory, 'none'), labelOf, silent, '')
    await expect(none.start()).rejects.toThrow(/PODS_FROM.*none/)
  })
})
