import type { Refusal } from '../state.ts'
import type { RefusedEvent, Waiting } from './outbox-store.ts'

export const refusedEvent = ({ id, type, payload }: Waiting, reason: Refusal): RefusedEvent => ({
  id,
  type,
  payload: JSON.parse(payload),
  refusal: reason,
})

/** A promise that nobody has to look at. */
export const rejection = (reason: Refusal): Promise<never> => {
  const rejected = Promise.reject(new Error(reason.message, { cause: reason }))
  rejected.catch(() => undefined)
  return rejected
}
