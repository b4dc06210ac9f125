const newline = 0x0a

/**
 * Cuts a stream of bytes into lines, each without its end. A last line that does not end is dropped: the connection
 * broke in its middle.
 * @throws RangeError when a line is longer than `longest` bytes
 */
export async function* lines(chunks: AsyncIterable<Uint8Array>, longest: number): AsyncGenerator<string> {
  let parts: Uint8Array[] = []
  let size = 0
  for await (const chunk of chunks) {
    let from = 0
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, from)) {
      take(chunk.subarray(from, end))
      yield Buffer.concat(parts).toString('utf8')
      parts = []
      size = 0
      from = end + 1
    }
    if (from < chunk.length) take(chunk.subarray(from))
  }

  function take(part: Uint8Array): void {
    size += part.length
    if (size > longest) throw new RangeError(`a line is longer than ${longest} bytes`)
    parts.push(part)
  }
}
