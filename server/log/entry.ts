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
}
