import { createHash } from 'node:crypto'
import { linesOf } from '../transfer/lines.ts'
import type { ExportedFile } from './manifest.ts'

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
 * The lines of a file of an export.
 * @throws Error at its end where the file is not the one that is described; nothing of it is to count before.
 */
export async function* checkedLines(
  path: string,
  { lines, bytes, sha256 }: ExportedFile,
): AsyncGenerator<string> {
  const hash = createHash('sha256')
  let counted = 0
  let read = 0
  const seen = (chunk: Buffer) => {
    hash.update(chunk)
    read += chunk.length
  }
  for await (const line of linesOf(path, seen)) {
    counted += 1
    yield line
  }
  if (read !== bytes || counted !== lines || hash.digest('hex') !== sha256)
    throw new Error(`${path} is not as it was written: the manifest has another hash of it`)
}
