/** A room's key in the database. */
export type RoomId = number & { readonly brand: unique symbol }

/** A position in a room's log: 1, 2, 3 … without gaps. 0 is before the first entry. */
export type Seq = number

/** What is handed to the log: bytes it never looks into, and who is answerable for them. */
export interface NewEntry {
  /** The authenticated author; the server decides it, never the client. */
  readonly actor: string
  /** Milliseconds since the epoch, when the server took it. */
  readonly at: number
  readonly bytes: Uint8Array
}

/** An entry that is committed. */
export interface Entry extends NewEntry {
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

/** The actor of an entry in which what several people wrote is merged: no person's id is empty. */
export const SEVERAL = ''

/** The first position that an entry stands for. */
export const firstOf = ({ seq, merged }: Pick<Entry, 'seq' | 'merged'>): Seq => merged?.first ?? seq
