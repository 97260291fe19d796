import { useMemo } from 'react'
import type { Room } from '../sdk/room.ts'
import type { Refusal, SaveState } from '../sdk/state.ts'
import { useRoomState } from './use-status.ts'

export interface Saved {
  readonly saved: SaveState
  /** Changes kept on this device that the server has not committed. */
  readonly unsaved: number
  readonly savedSeq: number | undefined
  readonly readOnly: boolean
  readonly refusal: Refusal | undefined
}

/** What a save indicator shows. */
export const useSaved = (room: Room): Saved => {
  const { saved, unsaved, savedSeq, readOnly, refusal } = useRoomState(room)
  return useMemo(
    () => ({ saved, unsaved, savedSeq, readOnly, refusal }),
    [saved, unsaved, savedSeq, readOnly, refusal],
  )
}
