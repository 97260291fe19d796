import { atLeast } from '../access/grants.ts'
import { firstIssue } from '../access/identity.ts'
import { parseRoomName } from '../access/room-name.ts'
import { SynclineError } from '../errors.ts'
import { type EventDraft, isReserved, MAX_EVENT_BYTES, type Role } from '../protocol.ts'
import type { About, EventDefinition, Kind, PublishedBy } from './kind.ts'

/** An event that may be stored as it is. */
export interface AcceptedEvent {
  readonly type: string
  readonly id: string
  /** What the schema made of the payload, as JSON. */
  readonly payload: string
  /** What has to be in the room before it. */
  readonly about: Reference | undefined
  /** Whether something is made of it elsewhere. */
  readonly followed: boolean
}

/** The id of an earlier event, and what that has to be. */
export interface Reference {
  readonly id: string
  readonly rule: About
}

/** As a publisher chooses it: printable, without white space. */
const EVENT_ID = /^[\p{L}\p{N}\p{M}\p{P}\p{S}]{1,128}$/u
/** How deep a payload may be: Postgres reads JSON by recursion. */
const MAX_DEPTH = 64
/** Postgres writes all digits of a number: `1e308` would come back as 309 of them, and pages are bounded by what was sent. */
const MAX_EXPONENT = 21
/** `\u0000` and halves of surrogate pairs, as JSON.stringify writes them: no database text can hold them. */
const UNSTORABLE = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/

/** The kinds of rooms and their events: the one place that says what may be published, and by whom. */
export class Registry {
  readonly kinds: readonly Kind[]
  readonly #events = new Map<string, EventDefinition>()
  /** The types that may be published in rooms of all kinds. */
  readonly #everywhere = new Set<string>()
  readonly #followed: ReadonlySet<string>

  /**
   * @param followed the types of which something is made elsewhere
   * @throws RangeError where two kinds have one name.
   */
  constructor(kinds: readonly Kind[], followed: Iterable<string> = []) {
    this.kinds = kinds
    this.#followed = new Set(followed)
    const names = new Set<string>()
    for (const { name, events, everywhere } of kinds) {
      if (names.has(name)) throw new RangeError(`the kind ${name} is defined twice`)
      names.add(name)
      for (const [event, definition] of Object.entries(events)) {
        const type = `${name}.${event}`
        this.#events.set(type, definition)
        if (everywhere === true || (everywhere !== false && everywhere.includes(event)))
          this.#everywhere.add(type)
      }
    }
  }

  /**
   * Looks at an event before it is stored.
   * @throws SynclineError `event-unknown`, `event-forbidden`, `event-too-large`, `event-invalid`
   */
  accept(room: string, role: PublishedBy, { type, id, payload }: EventDraft): AcceptedEvent {
    const { kind } = parseRoomName(room)
    const fits = type.startsWith(`${kind}.`) || this.#everywhere.has(type)
    const definition = fits ? this.#events.get(type) : undefined
    if (definition === undefined) throw new SynclineError('event-unknown', shown(type))
    if (!mayPublish(role, definition.publish))
      throw new SynclineError('event-forbidden', `${type} needs the role ${definition.publish}`)
    if (isReserved(id)) throw new SynclineError('event-invalid', `id must not be ${id}`)
    if (!EVENT_ID.test(id))
      throw new SynclineError('event-invalid', 'id must be 1 to 128 printable characters without spaces')
    const parsed = definition.payload.safeParse(payload)
    if (!parsed.success)
      throw new SynclineError('event-invalid', `${type}: payload ${firstIssue(parsed.error)}`)
    const json = JSON.stringify(parsed.data) ?? 'null'
    if (Buffer.byteLength(json) > MAX_EVENT_BYTES)
      throw new SynclineError('event-too-large', `${type}: payload is over ${MAX_EVENT_BYTES} bytes`)
    if (UNSTORABLE.test(json))
      throw new SynclineError(
        'event-invalid',
        `${type}: payload has a NUL or half a surrogate pair in a text`,
      )
    const { depth, exponent } = measure(json)
    if (depth > MAX_DEPTH)
      throw new SynclineError('event-invalid', `${type}: payload is nested deeper than ${MAX_DEPTH}`)
    if (exponent > MAX_EXPONENT)
      throw new SynclineError(
        'event-invalid',
        `${type}: payload has a number with an exponent beyond ${MAX_EXPONENT}`,
      )
    return {
      type,
      id,
      payload: json,
      about: referenceIn(parsed.data, definition.about),
      followed: this.#followed.has(type),
    }
  }

  /** Whether somebody of this role is told of events of this type; of what no kind has any more, those who may write. */
  mayRead(role: Role | undefined, type: string): boolean {
    return atLeast(role, this.#events.get(type)?.read ?? 'write')
  }
}

function mayPublish(role: PublishedBy, needed: PublishedBy): boolean {
  if (role === 'server') return true
  return needed !== 'server' && atLeast(role, needed)
}

function referenceIn(payload: unknown, rule: About | undefined): Reference | undefined {
  if (rule === undefined || typeof payload !== 'object' || payload === null) return undefined
  const id: unknown = Reflect.get(payload, rule.field)
  return typeof id === 'string' ? { id, rule } : undefined
}

const shown = (type: string): string => JSON.stringify(type.slice(0, 80))

/** How deep a JSON text is, and the largest exponent in it, whichever its sign. */
function measure(json: string): { readonly depth: number; readonly exponent: number } {
  let depth = 0
  let deepest = 0
  let exponent = 0
  let quoted = false
  for (let i = 0; i < json.length; i += 1) {
    const character = json.charCodeAt(i)
    if (quoted) {
      if (character === 92) i += 1
      else if (character === 34) quoted = false
    } else if (character === 34) quoted = true
    else if (character === 91 || character === 123) depth += 1
    else if (character === 93 || character === 125) depth -= 1
    // As JSON.stringify writes it, `e+21` or `e-7`; the `e` of `true`, `false` or a bracket has no number after it.
    else if (character === 101)
      exponent = Math.max(exponent, Math.abs(Number.parseInt(json.slice(i + 1, i + 5), 10)) || 0)
    deepest = Math.max(deepest, depth)
  }
  return { depth: deepest, exponent }
}
