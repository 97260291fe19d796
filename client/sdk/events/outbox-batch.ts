import type { Outcome, Waiting } from './outbox-store.ts'

/** A batch that was sent. */
export interface Flight {
  /** Those of it that are not answered yet. */
  readonly awaited: Map<string, Waiting>
  readonly outcomes: Outcome[]
  /** Some were refused for now. */
  later: boolean
  /** All are answered, or the connection is gone. */
  readonly done: PromiseWithResolvers<void>
}

/** How many events of one person may wait on this device for one room. */
export const MAX_WAITING = 10_000
/** Of payloads that a page has published and that wait, in characters. */
export const MAX_LENGTH = 32 * 1024 * 1024

export const MAX_BATCH = 200
/** Of payloads, in characters: a batch is to be a small part of the largest message that a server takes. */
const MAX_BATCH_LENGTH = 256 * 1024

/** As many as are sent in one message. Two with one id would have one answer: the second goes with the next. */
export function batchOf(events: readonly Waiting[]): readonly Waiting[] {
  const ids = new Set<string>()
  let length = 0
  for (const { id, payload } of events) {
    length += payload.length
    if (ids.has(id) || (ids.size > 0 && length > MAX_BATCH_LENGTH)) break
    ids.add(id)
  }
  return events.slice(0, ids.size)
}

/** A `PublishEnvelope`; the payloads are JSON already. */
export const messageOf = (events: readonly Waiting[]): string => {
  const texts = events.map(
    ({ id, type, payload }) =>
      `{"type":${JSON.stringify(type)},"id":${JSON.stringify(id)},"payload":${payload}}`,
  )
  return `{"type":"publish","events":[${texts.join()}]}`
}
