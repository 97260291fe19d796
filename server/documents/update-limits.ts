/**
 * What one update may hold. Far above what editors write (a paper of 260,000 keystrokes is one update of 11,000
 * structs and 2,600 deleted ranges), and low enough that what passes costs little: each figure was measured on
 * one core with the attack that it stops.
 */
export const LIMITS = {
  /** 250,000 structs are about 50 MB of objects and 0.3 s. */
  structs: 250_000,
  /** A document of 100,000 client ids takes 100 ms for every later keystroke, one of 10,000 takes 2 to 9 ms. */
  clients: 10_000,
  /** 100,000 deleted ranges in falling order took 21 s; in rising order 0.6 s. */
  ranges: 100_000,
  /** A million values in one run are a megabyte on the wire and eight in memory. */
  values: 250_000,
  /** Clock ticks of one collected or deleted run: 268 million characters. */
  run: 2 ** 28,
  /** The last clock of a client: two billion characters typed in one session. */
  clock: 2 ** 31,
  /** Bytes of one value that is not text. */
  value: 8 * 1024 * 1024,
  /** Bytes of the name of a root, a key, an element or a format. */
  name: 16 * 1024,
  /** Nesting of plain values; 6,000 exhaust the stack of whoever reads them later. */
  valueDepth: 100,
} as const

/** What makes an update worth trying in another process before it is applied here. No editor's keystroke comes near. */
export const HEAVY = {
  bytes: 1024 * 1024,
  /** About 4 ms. */
  structs: 2_000,
  values: 20_000,
  /** Each one makes Yjs look through the text that it is in. */
  formats: 500,
  /** Keys set as if nobody had set them before: each walks past all that were set before it (10,000 of one key: 2.2 s). */
  keyed: 256,
  /** Deleted ranges that are not deleted yet: each may cut a struct in two. */
  ranges: 1_000,
  /** Client ids that the document has not seen. */
  clients: 100,
  /** Of one person in one room, within an hour. */
  clientsOfActor: 1_000,
  /** Half of what a document may have. */
  depth: 128,
} as const

/** What a document may become by an update that was tried. */
export const DOCUMENT = {
  /** Nesting of shared types. Deleting 5,000 exhausts the stack, half-way through. */
  depth: 256,
  /** Shared types at the root. Yjs looks through all of them to encode one: 16,000 take 2 s. */
  roots: 1_000,
  /**
   * Client ids, where one person brings more of them than people do: years of a team's work have thousands, each of which
   * somebody brought who opened the page. By their number and not by their time: that of a keystroke differs fourfold with
   * the machine and what else it does, and the same update would be refused at noon and taken at one.
   */
  clients: 5_000,
  /** Processor time to apply the update, in ms. */
  applyMs: 500,
} as const
