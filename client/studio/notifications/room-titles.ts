import { useEffect, useState } from 'react'
import { useClient } from '../../react/index.ts'
import type { Client } from '../../sdk/index.ts'

interface Asked {
  readonly title: Promise<string>
  /** By `performance.now()`. */
  readonly until: number
}

/** Rooms are named anew now and then. */
const KEPT_MS = 60_000

const asked = new WeakMap<Client, Map<string, Asked>>()

/** What a room is called, where the person may know of it; where that cannot be read, as it was called before, or its name. */
export function titleOf(client: Client, room: string): Promise<string> {
  const known = asked.get(client) ?? new Map<string, Asked>()
  asked.set(client, known)
  const before = known.get(room)
  if (before !== undefined && performance.now() < before.until) return before.title
  const found = ask(client, room)
  const title = found.catch(() => before?.title ?? room)
  known.set(room, { title, until: performance.now() + KEPT_MS })
  // Whoever asks next asks the server again.
  found.catch(() => (before === undefined ? known.delete(room) : known.set(room, before)))
  return title
}

async function ask(client: Client, room: string): Promise<string> {
  const name = encodeURIComponent(room)
  if (room.startsWith('chat:')) {
    const chat = await client.api.get<{ readonly title: string | null }>(`/chats/${name}`)
    return chat.title ?? 'Direct message'
  }
  const { title } = await client.api.get<{ readonly title: string | null }>(`/rooms/${name}`)
  return title ?? room
}

export function useRoomTitle(room: string | undefined): string | undefined {
  const client = useClient()
  const [title, setTitle] = useState<string>()
  useEffect(() => {
    if (room === undefined) return
    let gone = false
    const show = (found: string) => {
      if (!gone) setTitle(found)
    }
    titleOf(client, room).then(show, () => show(room))
    return () => {
      gone = true
    }
  }, [client, room])
  return title
}
