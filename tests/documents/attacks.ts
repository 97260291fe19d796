import * as encoding from 'lib0/encoding'

/** Updates byte by byte, for what Yjs itself would never write. */
type Write = (to: encoding.Encoder) => void

export const CONTENT = { gc: 0, deleted: 1, binary: 3, string: 4, embed: 5, format: 6, type: 7, any: 8 }
const HAS_ORIGIN = 0x80
const HAS_KEY = 0x20
/** Kinds of shared types. */
export const TYPE = { array: 0, map: 1, text: 2, element: 3 }

const numbers =
  (...values: readonly number[]): Write =>
  (to) => {
    for (const value of values) encoding.writeVarUint(to, value)
  }

interface Place {
  /** The name of a root, or the clock of a type of the same client. */
  readonly parent?: string | number
  readonly key?: string
  /** The clock of the same client's item to the left. */
  readonly origin?: number
}

/** An item of the client, and what is in it. */
export const item =
  (client: number, content: number, write: Write, { parent = 'content', key, origin }: Place = {}): Write =>
  (to) => {
    const flags = origin === undefined ? (key === undefined ? 0 : HAS_KEY) : HAS_ORIGIN
    encoding.writeUint8(to, content | flags)
    if (origin !== undefined) numbers(client, origin)(to)
    else {
      if (typeof parent === 'string') {
        encoding.writeVarUint(to, 1)
        encoding.writeVarString(to, parent)
      } else numbers(0, client, parent)(to)
      if (key !== undefined) encoding.writeVarString(to, key)
    }
    write(to)
  }

export const text =
  (value = 'x'): Write =>
  (to) =>
    encoding.writeVarString(to, value)
export const nothing: Write = (to) => encoding.writeUint8Array(to, Uint8Array.of(1, 126))
export const run = (length: number): Write => numbers(length)
export const sharedType = (kind: number): Write => numbers(kind)
export const gc =
  (length: number): Write =>
  (to) => {
    encoding.writeUint8(to, CONTENT.gc)
    encoding.writeVarUint(to, length)
  }

export interface Run {
  readonly client: number
  readonly clock?: number
  readonly structs: readonly Write[]
}

interface Deletions {
  readonly client: number
  readonly ranges: readonly (readonly [clock: number, length: number])[]
}

export function updateOf(runs: readonly Run[], deletions: readonly Deletions[] = []): Uint8Array {
  return encoding.encode((to) => {
    encoding.writeVarUint(to, runs.length)
    for (const { client, clock = 0, structs } of runs) {
      numbers(structs.length, client, clock)(to)
      for (const write of structs) write(to)
    }
    encoding.writeVarUint(to, deletions.length)
    for (const { client, ranges } of deletions) {
      numbers(client, ranges.length)(to)
      for (const range of ranges) numbers(...range)(to)
    }
  })
}

export const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))

export const MALLORY = 666

/** So many client ids, a character each. */
export const manyClients = (count: number, first = 1_000): Uint8Array =>
  updateOf(times(count, (index) => ({ client: first + index, structs: [gc(1)] })))

/** One key, set again and again as if it never had been. */
export const oneKey = (count: number): Uint8Array =>
  updateOf([
    {
      client: MALLORY,
      structs: times(count, () => item(MALLORY, CONTENT.any, nothing, { parent: 'meta', key: 'k' })),
    },
  ])

/** Types inside each other. */
export const nested = (depth: number, clock = 0): Uint8Array =>
  updateOf([
    {
      client: MALLORY,
      clock,
      structs: times(depth, (index) =>
        item(MALLORY, CONTENT.type, sharedType(TYPE.array), {
          parent: clock + index === 0 ? 'list' : clock + index - 1,
        }),
      ),
    },
  ])

/** Roots, each with a character in it. */
export const manyRoots = (count: number): Uint8Array =>
  updateOf([
    {
      client: MALLORY,
      structs: times(count, (index) => item(MALLORY, CONTENT.string, text(), { parent: `root ${index}` })),
    },
  ])
