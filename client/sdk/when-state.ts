import type { RoomState } from './state.ts'

interface Stateful {
  getState(): RoomState
  subscribe(listener: () => void): () => void
}

interface Ends {
  /** Whether it is refused what is waited for, though not the room. */
  readonly refused?: (() => boolean) | undefined
  readonly closed: () => boolean
}

/** Resolves when the state of a room holds; rejects with the reason where it cannot any more. */
export function whenState(
  room: Stateful,
  holds: (state: RoomState) => boolean,
  { refused, closed }: Ends,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const state = room.getState()
      const { refusal } = state
      if (holds(state)) resolve()
      else if (state.status === 'refused' || refused?.() === true)
        reject(new Error(refusal?.message ?? 'The room was refused', { cause: refusal }))
      else if (closed()) reject(new Error('The room was closed'))
      else return
      stop()
    }
    const stop = room.subscribe(look)
    look()
  })
}
