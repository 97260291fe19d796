import { createReadStream } from 'node:fs'

const NEWLINE = 10

/**
 * The lines of a file, each with its newline where it has one. Only a newline ends a line: `node:readline` also takes U+2028 and
 * U+2029 for ends, which JSON leaves in texts as they are.
 */
export async function* linesOf(
  path: string,
  seen: (chunk: Buffer) => void = () => undefined,
): AsyncGenerator<string> {
  let parts: Buffer[] = []
  for await (const chunk of createReadStream(path)) {
    if (!Buffer.isBuffer(chunk)) continue
    seen(chunk)
    let from = 0
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      parts.push(chunk.subarray(from, at + 1))
      from = at + 1
      yield Buffer.concat(parts).toString()
      parts = []
    }
    if (from < chunk.length) parts.push(chunk.subarray(from))
  }
  if (parts.length > 0) yield Buffer.concat(parts).toString()
}
