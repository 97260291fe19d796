/** Is told of what happens in rooms' documents, by whoever measures it. */
export interface RoomWatch {
  /** So many more acknowledgements are held, or fewer. */
  held(change: number): void
  /** One was sent so long after its message began to be handled, in ms. */
  acknowledged(ms: number): void
  /** An edit of another node was applied so long after that had taken it, in ms. */
  lagged(ms: number): void
}

export const UNWATCHED: RoomWatch = {
  held: () => undefined,
  acknowledged: () => undefined,
  lagged: () => undefined,
}
