import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { ExportedFile } from './manifest.ts'

const NEWLINE = 10

/** Counts lines as they pass. */
export class Tally {
  readonly #name: string
  readonly #hash = createHash('sha256')
  #lines = 0
  #bytes = 0

  constructor(name: string) {
    this.#name = name
  }

  async *of(lines: AsyncIterable<string>): AsyncGenerator<string> {
    for await (const line of lines) {
      this.#lines += 1
      this.#bytes += Buffer.byteLength(line)
      this.#hash.update(line)
      yield line
    }
  }

  /** Of all that have passed; to be asked once. */
  total(): ExportedFile {
    return { name: this.#name, lines: this.#lines, bytes: this.#bytes, sha256: this.#hash.digest('hex') }
  }
}

/**
 * The lines of a file with their newlines, one at a time; a separator of lines that stands in a text is none.
 * @throws Error at its end where the file is not the one that is described; nothing of it is to count before.
 */
export async function* linesOf(path: string, { lines, bytes, sha256 }: ExportedFile): AsyncGenerator<string> {
  const hash = createHash('sha256')
  let counted = 0
  let read = 0
  let parts: Buffer[] = []
  for await (const chunk of createReadStream(path)) {
    if (!Buffer.isBuffer(chunk)) continue
    hash.update(chunk)
    read += chunk.length
    let from = 0
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      parts.push(chunk.subarray(from, at + 1))
      from = at + 1
      counted += 1
      yield Buffer.concat(parts).toString()
      parts = []
    }
    if (from < chunk.length) parts.push(chunk.subarray(from))
  }
  if (read !== bytes || counted !== lines || hash.digest('hex') !== sha256)
    throw new Error(`${path} is not as it was written: the manifest has another hash of it`)
}
