import { notifications } from '@mantine/notifications'
import { useEffect, useRef } from 'react'
import type { RoomState } from '../../sdk/index.ts'

/** Says once that what was written while offline has arrived: whoever saw the warning wants to see its end. */
export function useReturnNotice({ status, saved, unsaved }: RoomState): void {
  const kept = useRef(0)
  useEffect(() => {
    if (status === 'offline') kept.current = unsaved
    if (saved !== 'saved' || kept.current === 0) return
    kept.current = 0
    notifications.show({
      message: 'What you wrote while offline is saved.',
      autoClose: 4000,
      withBorder: true,
    })
  }, [status, saved, unsaved])
}
