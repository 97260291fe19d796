import type { StoredEvent } from '../log/events.ts'

/** An event as JSON: a `RoomEvent`. Its payload is JSON already, and is not read again for every reader. */
export const encodeEvent = ({ seq, id, type, actor, at, payload }: StoredEvent): string =>
  `{"seq":${seq},"id":${JSON.stringify(id)},"type":${JSON.stringify(type)},"actor":${JSON.stringify(actor)},` +
  `"at":${at},"payload":${payload}}`

/** Several, as the items of an array. */
export const encodeEvents = (events: readonly StoredEvent[]): string => events.map(encodeEvent).join(',')
