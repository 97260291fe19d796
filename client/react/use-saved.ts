import { useMemo } from 'react'
import type { Room } from '../sdk/room.ts'
import type { Refusal, SaveState } from '../sdk/state.ts'
import { useRoomState } from './use-status.ts'

export interface Saved {
  readonly saved: SaveState
  /** Changes made on this device that the server has not committed. */
  readonly unsaved: number
  /** Of those, how many are there after a reload; undefined where this device keeps none. */
  readonly kept: number | undefined
  readonly savedSeq: number | undefined
  readonly readOnly: boolean
  readonly refusal: Refusal | undefined
}

/** What a save indicator shows. */
export const useSaved = (room: Room): Saved => {
  const { saved, unsaved, kept, savedSeq, readOnly, refusal } = useRoomState(room)
  return useMemo(
    () => ({ saved, unsaved, kept, savedSeq, readOnly, refusal }),
    [saved, unsaved, kept, savedSeq, readOnly, refusal],
  )
}
