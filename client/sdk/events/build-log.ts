import type { Room } from '../room.ts'

const MAX_LINES = 500
const MAX_WAIT_MS = 100
/** An event may have 64 KiB; what is in it beside the lines is small. */
const MAX_BYTES = 60 * 1024
/** In characters; JSON writes some of them as six bytes. Longer lines are told in pieces. */
const MAX_LINE = 8_000
/** Batches that are not committed yet: past that, lines are kept back. */
const MAX_UNDERWAY = 16

export type LogStream = 'stdout' | 'stderr'

export interface BuildLogOptions {
  /** The number of the first line: default 1. */
  readonly first?: number
  /** The step of the build that writes. */
  readonly step?: string
}

/** Writes the log of a build, from `buildLog(room)`: lines are gathered, numbered without gaps and published in batches. */
export class BuildLog {
  readonly #room: Room
  readonly #step: string | undefined
  readonly #underway = new Set<Promise<unknown>>()
  #next: number
  #lines: string[] = []
  #bytes = 0
  #stream: LogStream = 'stdout'
  #timer: ReturnType<typeof setTimeout> | undefined
  #failure: { readonly error: unknown } | undefined

  constructor(room: Room, { first = 1, step }: BuildLogOptions) {
    this.#room = room
    this.#next = first
    this.#step = step
  }

  /**
   * Takes lines at once; resolves when there is room for more, which whoever writes a great many is to wait for.
   * Rejects with the refusal where what came before was not taken.
   */
  async write(lines: readonly string[], stream: LogStream = 'stdout'): Promise<void> {
    // Lines after one that is missing would have numbers that are not theirs.
    this.#check()
    for (const line of lines) for (const piece of piecesOf(line)) this.#add(piece, stream)
    while (this.#underway.size > MAX_UNDERWAY && this.#failure === undefined)
      await Promise.race(this.#underway)
    this.#check()
  }

  /** Resolves when every line is committed. Rejects with the refusal where one was not taken. */
  async end(): Promise<void> {
    this.#flush()
    await Promise.all(this.#underway)
    this.#check()
  }

  #add(line: string, stream: LogStream): void {
    const bytes = new TextEncoder().encode(JSON.stringify(line)).length + 1
    if (stream !== this.#stream || this.#bytes + bytes > MAX_BYTES) this.#flush()
    this.#stream = stream
    this.#lines.push(line)
    this.#bytes += bytes
    if (this.#lines.length === MAX_LINES) this.#flush()
    else this.#timer ??= setTimeout(() => this.#flush(), MAX_WAIT_MS)
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#lines.length === 0) return
    const lines = this.#lines
    const payload = { first: this.#next, lines, stream: this.#stream, step: this.#step }
    this.#next += lines.length
    this.#lines = []
    this.#bytes = 0
    const published = this.#room.publish('build.log', payload).then(
      () => void this.#underway.delete(published),
      (error: unknown) => {
        this.#underway.delete(published)
        this.#failure ??= { error }
      },
    )
    this.#underway.add(published)
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }
}

/** Gathers a build's lines and publishes them: at most 500 at a time, or what there is after 100 ms. */
export const buildLog = (room: Room, options: BuildLogOptions = {}): BuildLog => new BuildLog(room, options)

/** A line as events can hold it: none has a NUL or half a character in it. */
function piecesOf(line: string): readonly string[] {
  const text = line.replaceAll('\0', '\u2400').toWellFormed()
  if (text.length <= MAX_LINE) return [text]
  const pieces: string[] = []
  for (let at = 0; at < text.length; ) {
    let until = Math.min(text.length, at + MAX_LINE)
    const last = text.charCodeAt(until - 1)
    if (until < text.length && last >= 0xd800 && last < 0xdc00) until -= 1
    pieces.push(text.slice(at, until))
    at = until
  }
  return pieces
}
