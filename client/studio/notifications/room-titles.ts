import { useEffect, useState } from 'react'
import { useClient } from '../../react/index.ts'
import type { Client } from '../../sdk/index.ts'

const asked = new WeakMap<Client, Map<string, Promise<string>>>()

/** What a room is called, where the person may know of it; its name where not. Asked for once a page. */
export function titleOf(client: Client, room: string): Promise<string> {
  const known = asked.get(client) ?? new Map<string, Promise<string>>()
  asked.set(client, known)
  const title = known.get(room) ?? ask(client, room).catch(() => room)
  known.set(room, title)
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
