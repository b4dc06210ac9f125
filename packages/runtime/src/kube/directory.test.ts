import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DirectoryPods } from './directory.ts'

const silent = pino({ enabled: false })
const manifest = (name: string, label: string) =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: shop, labels: {app: ${label}}}\n`

/** Keeps the label alone; refuses a pod that says so. */
function labelOf(pod: unknown): string {
  const { app } = (pod as { metadata: { labels: { app: string } } }).metadata.labels
  if (app === 'refuse') throw new Error('refused')
  return app
}

describe('DirectoryPods', () => {
  let directory: string
  let pods: DirectoryPods<string>

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pods-'))
    await writeFile(join(directory, 'a.yaml'), `${manifest('one', 'first')}---\n${manifest('two', 'second')}`)
    pods = new DirectoryPods(directory, labelOf, silent)
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
    await expect.poll(() => pods.find('shop', 'one')).toBe('changed')
  })

  it('skips a file that is no YAML and keeps the others', async () => {
    await writeFile(join(directory, 'broken.yaml'), '{{{')
    await writeFile(join(directory, 'c.yaml'), manifest('three', 'third'))
    expect(await pods.find('shop', 'three')).toBe('third')
  })

  it('names the pod whose manifest cannot be understood', async () => {
    await writeFile(join(directory, 'd.yaml'), manifest('bad', 'refuse'))
    await expect(pods.find('shop', 'bad')).rejects.toThrow(/manifest of pod shop\/bad/)
  })

  it('says which directory cannot be watched', async () => {
    const none = new DirectoryPods(join(directory, 'none'), labelOf, silent)
    await expect(none.start()).rejects.toThrow(/PODS_FROM.*none/)
  })
})
