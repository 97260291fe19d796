/** A room's key in the database. */
export type RoomId = number & { readonly brand: unique symbol }

/** A position in a room's log: 1, 2, 3 … without gaps. 0 is before the first entry. */
export type Seq = number

/** Says that an entry is an event and not an edit of the document. */
export interface EventName {
  readonly type: string
  /** The publisher's own, unique in the room: what has it already is not written again. */
  readonly id: string
}

/** An event as it is handed in. */
interface NewEvent extends EventName {
  /** Whether it stands in the queue of those who make something of events until they have. */
  readonly followed?: boolean
}

/** What is handed to the log: bytes it never looks into, and who is answerable for them. */
export interface NewEntry {
  /** The authenticated author; the server decides it, never the client. */
  readonly actor: string
  /** Milliseconds since the epoch, when the server took it. */
  readonly at: number
  /** A Yjs update; an event's payload as JSON (RFC 8259) in UTF-8, such as Postgres' `jsonb` takes it. */
  readonly bytes: Uint8Array
  readonly event?: NewEvent
}

/** What has the id of an event that was not written, because its room has that id already. */
export interface Repeat {
  readonly seq: Seq
  /** Whether it is the same: of this actor, of this type, with this payload. */
  readonly same: boolean
}

export type Repeats = ReadonlyMap<NewEntry, Repeat>

/** An entry that is committed, as it concerns the document: an event is one that changes nothing. */
export interface Entry extends Omit<NewEntry, 'event'> {
  readonly seq: Seq
  /** Set where retention has put this one entry in the place of several. */
  readonly merged?: Merged
}

/** What is still known of the entries that one stands for. The positions between them are gone. */
export interface Merged {
  /** The first of them; the last is the entry's own seq. */
  readonly first: Seq
  /** When the first of them was taken, in milliseconds since the epoch; the entry's own time is the last one's. */
  readonly since: number
  /** Everybody who wrote any of them. */
  readonly actors: readonly string[]
}

/** What stands for an event where entries are read as edits: the update that changes nothing. */
export const NO_CHANGE: Uint8Array = Uint8Array.of(0, 0)

/** Whether an entry stands for an event, or for several that were merged. */
export const isEvent = ({ bytes }: Pick<Entry, 'bytes'>): boolean =>
  bytes.length === NO_CHANGE.length && bytes.every((byte, index) => byte === NO_CHANGE[index])

/** The actor of an entry in which what several people wrote is merged: no person's id is empty. */
export const SEVERAL = ''

/** The actor of what the server does on its own account. */
export const SYSTEM = 'system'

/** The first position that an entry stands for. */
export const firstOf = ({ seq, merged }: Pick<Entry, 'seq' | 'merged'>): Seq => merged?.first ?? seq
