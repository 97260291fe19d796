import { z } from 'zod'
import { ROOM_NAME } from '../protocol.ts'
import { isPrivate } from './types.ts'

/** That a room belongs to a project, or does not: as the project says, which counts, or as the room itself says. */
export interface Link {
  /** The project's own room. */
  readonly project: string
  readonly room: string
  readonly byProject: boolean
  readonly linked: boolean
}

const PROJECT = 'project:'

/** What rooms say of themselves. */
const CLAIMS: ReadonlySet<string> = new Set(['build.created', 'deployment.started', 'idea.created'])

const roomName = z.string().regex(ROOM_NAME)
const named = z.object({ room: roomName })
const claimed = z.object({
  project: z
    .string()
    .transform((id) => `${PROJECT}${id}`)
    .pipe(roomName),
})

/** What an event says of the links between rooms and projects. */
function linkOf(
  room: string,
  { type, payload }: { readonly type: string; readonly payload: string },
): Link | undefined {
  if (type === 'project.room.added' || type === 'project.room.removed') {
    const said = named.safeParse(JSON.parse(payload))
    if (!said.success || said.data.room === room || isPrivate(said.data.room)) return undefined
    return { project: room, room: said.data.room, byProject: true, linked: type === 'project.room.added' }
  }
  if (!CLAIMS.has(type)) return undefined
  const said = claimed.safeParse(JSON.parse(payload))
  return said.success ? { project: said.data.project, room, byProject: false, linked: true } : undefined
}

/** The last that each of a room's events says of each link, and that a project's own room belongs to it. */
export function linksOf(
  room: string,
  events: readonly { readonly type: string; readonly payload: string }[],
): readonly Link[] {
  const links = new Map<string, Link>()
  if (room.startsWith(PROJECT))
    links.set(`${room} ${room}`, { project: room, room, byProject: true, linked: true })
  for (const event of events) {
    const link = linkOf(room, event)
    if (link !== undefined) links.set(`${link.project} ${link.room}`, link)
  }
  return [...links.values()]
}
