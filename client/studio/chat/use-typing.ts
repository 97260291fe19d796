import { useEffect, useRef, useState } from 'react'
import type { Room } from '../../sdk/index.ts'

const TYPING = 'typing'
/** It is said again so often while one types, and believed a little longer, in ms. */
const EVERY = 2_000
const BELIEVED = 4_000

/** Who types in the room, and what says that one does so oneself. */
export function useTyping(
  room: Room,
  self: string,
): { readonly typing: readonly string[]; readonly type: () => void } {
  const [typing, setTyping] = useState<readonly string[]>([])
  const said = useRef(0)

  useEffect(() => {
    const timers = new Map<string, ReturnType<typeof setTimeout>>()
    const stopped = (user: string) => {
      clearTimeout(timers.get(user))
      timers.delete(user)
      setTyping([...timers.keys()])
    }
    const stop = room.onSignal(TYPING, ({ actor }) => {
      if (actor === self) return
      clearTimeout(timers.get(actor))
      timers.set(
        actor,
        setTimeout(() => stopped(actor), BELIEVED),
      )
      setTyping([...timers.keys()])
    })
    // Who has said something has come to an end.
    const stopEvents = room.on('chat.message', ({ actor }) => {
      if (actor === self) said.current = 0
      stopped(actor)
    })
    return () => {
      stop()
      stopEvents()
      for (const timer of timers.values()) clearTimeout(timer)
      setTyping([])
    }
  }, [room, self])

  const type = () => {
    if (Date.now() - said.current < EVERY) return
    said.current = Date.now()
    room.signal(TYPING, null)
  }
  return { typing, type }
}
