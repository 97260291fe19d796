import { useEffect, useState } from 'react'
import type { Room } from '../../sdk/index.ts'
import { useRoomTitle } from '../notifications/room-titles.ts'
import { roomWords } from './words.ts'

/** What a project is called, also as it is called anew; its id where it has no title, nothing before that is known. */
export function useProjectTitle(room: Room): string {
  const asked = useRoomTitle(room.name)
  const [told, setTold] = useState<string>()
  useEffect(
    () => room.on('project.updated', ({ payload }) => setTold((before) => payload.title ?? before)),
    [room],
  )
  const title = told ?? asked
  return title === undefined ? '' : roomWords(room.name, title === room.name ? null : title)
}
