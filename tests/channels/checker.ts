/** An event as somebody was told of it, or as it stands in the log at the end. */
export interface Sighting {
  readonly seq: number
  readonly id: string
}

/** What was promised and did not hold. */
export interface Fault {
  readonly kind: 'lost' | 'missed' | 'twice' | 'disorder' | 'disagreement' | 'invented' | 'unanswered'
  readonly detail: string
}

/** What one publisher handed over, and what it was told of it. */
export class PublisherRecord {
  readonly name: string
  readonly published: string[] = []
  readonly acknowledged: Sighting[] = []
  readonly rejected: { readonly id: string; readonly code: string }[] = []

  constructor(name: string) {
    this.name = name
  }
}

/** What one reader saw, over all its connections. */
export class ReaderRecord {
  readonly name: string
  /** Where it began. */
  readonly after: number
  readonly seen: Sighting[] = []
  /** Up to where it was told that events are not kept any more. */
  reset = 0

  constructor(name: string, after: number) {
    this.name = name
    this.after = after
  }
}

/**
 * What everybody in one room published, was told and saw, whatever happened to their connections and to the server.
 * It is checked against what stands in the log once all is quiet: that nothing acknowledged is lost, nothing is there
 * or was seen twice, all see one order, in which every publisher's events stand as it published them, and every
 * reader saw each event behind where it began.
 */
export class RoomRecord {
  readonly publishers: PublisherRecord[] = []
  readonly readers: ReaderRecord[] = []

  publisher(name: string): PublisherRecord {
    const record = new PublisherRecord(name)
    this.publishers.push(record)
    return record
  }

  reader(name: string, after = 0): ReaderRecord {
    const record = new ReaderRecord(name, after)
    this.readers.push(record)
    return record
  }

  check(stored: readonly Sighting[]): readonly Fault[] {
    const log = new Map(stored.map(({ id, seq }) => [id, seq]))
    return [
      ...this.#checkLog(stored),
      ...this.publishers.flatMap((publisher) => checkPublisher(publisher, log)),
      ...this.readers.flatMap((reader) => checkReader(reader, stored, log)),
    ]
  }

  #checkLog(stored: readonly Sighting[]): Fault[] {
    const published = new Set(this.publishers.flatMap((publisher) => publisher.published))
    return [
      ...orderFaults('the log', stored),
      ...repeated(stored.map(({ id }) => id)).map(
        (id): Fault => ({ kind: 'twice', detail: `the log: ${id}` }),
      ),
      ...stored
        .filter(({ id }) => !published.has(id))
        .map(({ id }): Fault => ({ kind: 'invented', detail: `the log: ${id} was not published` })),
    ]
  }
}

function checkPublisher(
  { name, published, acknowledged, rejected }: PublisherRecord,
  log: ReadonlyMap<string, number>,
): Fault[] {
  const faults: Fault[] = []
  const answered = new Set(rejected.map(({ id }) => id))
  for (const { id, seq } of acknowledged) {
    answered.add(id)
    const stored = log.get(id)
    if (stored === undefined) faults.push({ kind: 'lost', detail: `${name}: ${id} was acknowledged` })
    else if (stored !== seq)
      faults.push({
        kind: 'disagreement',
        detail: `${name}: ${id} was acknowledged as ${seq}, not ${stored}`,
      })
  }
  for (const id of published)
    if (!answered.has(id)) faults.push({ kind: 'unanswered', detail: `${name}: ${id}` })
  // What was refused and published again may stand anywhere.
  const refused = new Set(rejected.map(({ id }) => id))
  let last = 0
  for (const id of published) {
    const seq = log.get(id)
    if (seq === undefined || refused.has(id)) continue
    if (seq < last)
      faults.push({ kind: 'disorder', detail: `${name}: ${id} stands before what came earlier` })
    last = seq
  }
  return faults
}

function checkReader(
  { name, after, reset, seen }: ReaderRecord,
  stored: readonly Sighting[],
  log: ReadonlyMap<string, number>,
): Fault[] {
  const faults = orderFaults(name, seen)
  for (const { id, seq } of seen) {
    const there = log.get(id)
    if (there === undefined) faults.push({ kind: 'invented', detail: `${name}: ${id} is not in the log` })
    else if (there !== seq)
      faults.push({ kind: 'disagreement', detail: `${name}: ${id} was seen as ${seq}, not ${there}` })
  }
  const ids = new Set(seen.map(({ id }) => id))
  for (const { id, seq } of stored)
    if (seq > Math.max(after, reset) && !ids.has(id))
      faults.push({ kind: 'missed', detail: `${name}: ${id}, which is ${seq}` })
  return faults
}

function orderFaults(name: string, sightings: readonly Sighting[]): Fault[] {
  const faults: Fault[] = []
  const seqs = new Set<number>()
  let last = 0
  for (const { id, seq } of sightings) {
    if (seqs.has(seq)) faults.push({ kind: 'twice', detail: `${name}: ${id}, which is ${seq}` })
    else if (seq < last) faults.push({ kind: 'disorder', detail: `${name}: ${id} (${seq}) after ${last}` })
    seqs.add(seq)
    last = Math.max(last, seq)
  }
  return faults
}

function repeated(ids: readonly string[]): string[] {
  const seen = new Set<string>()
  return ids.filter((id) => seen.size === seen.add(id).size)
}
