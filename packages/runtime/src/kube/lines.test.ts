import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lines } from './lines.ts'

async function* chunksOf(text: string, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text)
  let from = 0
  for (const size of sizes) {
    yield bytes.subarray(from, from + size)
    from += size
  }
  yield bytes.subarray(from)
}

const all = (text: string, sizes: readonly number[], longest: number) =>
  Array.fromAsync(lines(chunksOf(text, sizes), longest))

describe('lines', () => {
  it('gives the same lines however the bytes come', async () => {
    const line = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\n', ''))
    const sizes = fc.array(fc.integer({ min: 0, max: 9 }))
    await fc.assert(
      fc.asyncProperty(fc.array(line), line, sizes, async (whole, rest, cuts) => {
        const text = whole.map((one) => `${one}\n`).join('') + rest
        expect(await all(text, cuts, 1000)).toEqual(whole.map((one) => Buffer.from(one).toString('utf8')))
      }),
    )
  })

  it('refuses a line that is too long, also one that never ends', async () => {
    await expect(all('abcdef\n', [], 5)).rejects.toThrow(RangeError)
    await expect(all('abcdef', [2, 2], 5)).rejects.toThrow(RangeError)
    expect(await all('abcde\nabcde\n', [3, 4], 5)).toEqual(['abcde', 'abcde'])
  })
})
