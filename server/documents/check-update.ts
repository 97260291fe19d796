import { NOBODY, type Placement } from './placement.ts'
import { LIMITS } from './update-limits.ts'
import { harmful, malformed, UpdateReader } from './update-reader.ts'

/** A struct's name: whose it is, and where it begins. */
export interface Id {
  readonly client: number
  readonly clock: number
}

/** The clocks that an update brings of one client. */
export interface ClientRun {
  readonly client: number
  readonly start: number
  readonly end: number
}

/** What an update has in it, as far as it matters to what it will cost. */
export interface UpdateShape {
  readonly bytes: number
  readonly structs: number
  readonly runs: readonly ClientRun[]
  /** Deleted ranges, and whether they stand in the order in which Yjs writes them. */
  readonly ranges: number
  readonly ordered: boolean
  /** Plain values, those inside others included. */
  readonly values: number
  readonly formats: number
  /** Items that set a key without knowing of any earlier one. */
  readonly keyed: number
  /** Roots of the document that are named, each once or more often. */
  readonly roots: readonly string[]
  /** Whether it makes shared types; then `anchors` are what they and the first things in them stand beside or in. */
  readonly types: number
  readonly anchors: readonly Id[]
  /** Items that name the type that they are in: nothing gets a level deeper without one. */
  readonly nested: number
  /** Where its items say that they stand. */
  readonly placement: Placement
}

/**
 * Checks in one pass that bytes are a whole Yjs v1 update within the limits, before anything is applied.
 * y-protocols swallows the error of an update that cannot be read and Hocuspocus then acknowledges it, so what
 * passes here must be readable to the last byte.
 *
 * The encoding (yjs 13.6, UpdateEncoderV1): clients { structs }, then the delete set. All numbers are
 * lib0's variable-length unsigned integers.
 * @throws SynclineError `update-malformed` where it cannot be read, `update-refused` where it would do harm.
 */
export function checkUpdate(update: Uint8Array): UpdateShape {
  return new UpdateCheck(update)
}

/** The empty update: no structs, no deletions. */
export const isEmptyUpdate = (update: Uint8Array): boolean =>
  update.length === 2 && update[0] === 0 && update[1] === 0

// Bits of a struct's first byte, and the kinds of content that the lowest five of them name.
const HAS_ORIGIN = 0x80
const HAS_RIGHT_ORIGIN = 0x40
const HAS_PARENT_SUB = 0x20
const CONTENT = 0x1f
const GC = 0
const STRING = 4
const TYPE = 7
const SKIP = 10
// Kinds of shared types.
const XML_ELEMENT = 3
const XML_HOOK = 5
const LAST_TYPE = 6

const NONE: readonly never[] = []

class UpdateCheck implements UpdateShape {
  readonly bytes: number
  structs = 0
  readonly runs: ClientRun[] = []
  ranges = 0
  ordered = true
  formats = 0
  keyed = 0
  types = 0
  nested = 0
  readonly placement: number[] = []
  /** Where the items begin of which each stands right behind the one before. */
  #chain = 0
  #roots: string[] | undefined
  #anchors: Id[] | undefined
  readonly #reader: UpdateReader

  constructor(update: Uint8Array) {
    this.bytes = update.length
    this.#reader = new UpdateReader(update)
    this.#readClients()
    this.#readDeletions()
    if (this.#reader.position !== update.length) malformed('bytes follow its end')
    if (this.values > LIMITS.values) harmful('it holds too many values')
  }

  get values(): number {
    return this.#reader.values
  }

  get roots(): readonly string[] {
    return this.#roots ?? NONE
  }

  get anchors(): readonly Id[] {
    return this.#anchors ?? NONE
  }

  #readClients(): void {
    const clients = this.#reader.count()
    if (clients > LIMITS.clients) harmful('it comes from too many clients')
    let descending = true
    for (let i = 0; i < clients; i += 1) {
      const run = this.#readStructs()
      const before = this.runs.at(-1)
      if (before !== undefined && run.client >= before.client) descending = false
      this.runs.push(run)
    }
    // Yjs would keep the last of two runs of one client and forget the others.
    if (!descending && new Set(this.runs.map(({ client }) => client)).size < clients) {
      malformed('it names a client twice')
    }
  }

  #readStructs(): ClientRun {
    const reader = this.#reader
    const structs = reader.count()
    const client = reader.uint()
    const start = reader.uint()
    if (structs === 0) malformed('a run is empty')
    this.structs += structs
    if (this.structs > LIMITS.structs) harmful('it holds too many structs')
    let clock = start
    let gap = false
    let follows = false
    for (let i = 0; i < structs; i += 1) {
      const info = reader.byte()
      const content = info & CONTENT
      gap = content === SKIP
      const item = content !== GC && !gap
      clock = advance(clock, item ? this.#readItem(info, content, client, clock, follows) : reader.run())
      follows = item
    }
    if (gap) malformed('it ends with a gap')
    return { client, start, end: clock }
  }

  /** Returns its length in clock ticks. */
  #readItem(info: number, content: number, client: number, clock: number, follows: boolean): number {
    const reader = this.#reader
    const { placement } = this
    const hasLeft = (info & HAS_ORIGIN) !== 0
    const hasRight = (info & HAS_RIGHT_ORIGIN) !== 0
    const left = hasLeft ? reader.uint() : NOBODY
    const leftClock = hasLeft ? reader.uint() : 0
    const right = hasRight ? reader.uint() : NOBODY
    const rightClock = hasRight ? reader.uint() : 0
    if (hasLeft) builds(client, clock, left, leftClock)
    if (hasRight) builds(client, clock, right, rightClock)
    if (hasLeft && left === right && leftClock === rightClock)
      harmful('an item stands on both sides of another')
    if (!hasLeft && !hasRight) this.#readParent(info, client, clock)
    else if (content === TYPE) this.#anchor(hasLeft ? left : right, hasLeft ? leftClock : rightClock)
    if (follows && left === client && leftClock === clock - 1) {
      if (right === client && rightClock >= this.#chain) harmful('its neighbours stand the wrong way round')
      const { length } = placement
      const before = placement[length - 4] ?? NOBODY
      placement.push(client, clock, before, placement[length - 3] ?? 0, right, rightClock)
    } else {
      this.#chain = clock
      placement.push(client, clock, left, leftClock, right, rightClock)
    }
    const begins = reader.position
    const length = this.#readContent(content)
    if (content !== STRING && reader.position - begins > LIMITS.value) harmful('a value is too large')
    return length
  }

  #readParent(info: number, client: number, clock: number): void {
    const reader = this.#reader
    const parent = reader.uint()
    if (parent > 1) malformed('an item is neither in a root nor in a type')
    if (parent === 1) this.#readRoot()
    else {
      this.nested += 1
      const type = reader.uint()
      const typeClock = reader.uint()
      builds(client, clock, type, typeClock)
      this.#anchor(type, typeClock)
    }
    if (info & HAS_PARENT_SUB) {
      this.keyed += 1
      reader.name()
    }
  }

  #anchor(client: number, clock: number): void {
    this.#anchors ??= []
    this.#anchors.push({ client, clock })
  }

  #readRoot(): void {
    const name = this.#reader.textAt(this.#reader.name())
    if (this.#roots === undefined) this.#roots = [name]
    else if (this.#roots.at(-1) !== name) this.#roots.push(name)
  }

  /** Returns its length in clock ticks. */
  #readContent(kind: number): number {
    const reader = this.#reader
    switch (kind) {
      case 1: // deleted
        return reader.run()
      case 2: {
        // JSON, each value a string
        const count = reader.length()
        for (let i = 0; i < count; i += 1) reader.json('undefined')
        return count
      }
      case 3: // binary
        reader.skip(reader.uint())
        return 1
      case STRING: {
        // measured as JavaScript does
        const length = reader.text()
        if (length === 0) malformed('a run is empty')
        return length
      }
      case 5: // embed
        reader.json()
        return 1
      case 6: // format: key, value
        this.formats += 1
        reader.name()
        reader.json()
        return 1
      case TYPE: {
        // an XML element and an XML hook have a name
        this.types += 1
        const type = reader.uint()
        if (type > LAST_TYPE) malformed('it holds a shared type that is not known')
        if (type === XML_ELEMENT || type === XML_HOOK) reader.name()
        return 1
      }
      case 8: {
        // any
        const count = reader.length()
        for (let i = 0; i < count; i += 1) reader.any(0)
        return count
      }
      case 9:
        return malformed('it holds a subdocument')
      default:
        return malformed(`it holds content of kind ${kind}`)
    }
  }

  #readDeletions(): void {
    const reader = this.#reader
    const clients = reader.count()
    if (clients > LIMITS.clients) harmful('it deletes from too many clients')
    const seen = clients > 1 ? new Set<number>() : undefined
    for (let i = 0; i < clients; i += 1) {
      const client = reader.uint()
      seen?.add(client)
      const ranges = reader.count()
      this.ranges += ranges
      if (this.ranges > LIMITS.ranges) harmful('it deletes too many ranges')
      let end = 0
      for (let range = 0; range < ranges; range += 1) {
        const clock = reader.uint()
        if (clock < end) this.ordered = false
        end = advance(clock, reader.length())
      }
    }
    if (seen !== undefined && seen.size < clients) this.ordered = false
  }
}

/** Yjs looks for what a client says of its own items without asking whether they are there yet, and throws. */
function builds(client: number, clock: number, on: number, onClock: number): void {
  if (on === client && onClock >= clock) malformed('an item builds on one that comes after it')
}

/** Past what clocks hold, nobody could read the document again. */
function advance(clock: number, length: number): number {
  if (clock + length > LIMITS.clock) harmful('a clock is too large')
  return clock + length
}
