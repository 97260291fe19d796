import { guarded } from '../guarded.ts'
import type { EventOf, EventType } from './payloads.ts'

/** Calls back with each event of one type. Returns what stops it, also in the middle of what came together. */
export function listenToType<Type extends EventType>(
  type: Type,
  listener: (event: EventOf<Type>) => void,
  listen: (tell: (events: readonly EventOf[]) => void) => () => void,
): () => void {
  const ofType = (event: EventOf): event is EventOf<Type> => event.type === type
  let stopped = false
  const stop = listen((events) => {
    for (const event of events.filter(ofType)) if (!stopped) guarded(() => listener(event))
  })
  return () => {
    stopped = true
    stop()
  }
}
