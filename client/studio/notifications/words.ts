import type { Notification } from '../../sdk/index.ts'
import { commentPath, roomPath } from '../router.ts'

/** What the server tells of by itself; applications add their own. */
export const CATEGORIES = [
  { id: 'mention', label: 'Mentions and answers', says: 'Somebody names you, or answers what you said' },
  { id: 'comment', label: 'Comments', says: 'Somebody answers your comment' },
  { id: 'share', label: 'Shares', says: 'You are added to a project or a chat' },
  { id: 'build', label: 'Builds', says: 'A build of yours, or of your project, fails' },
  { id: 'deployment', label: 'Deployments', says: 'A deployment of yours, or of your project, fails' },
  { id: 'performance', label: 'Performance', says: 'Something became slow' },
  { id: 'system', label: 'System', says: 'Announcements and alerts of those who run this server' },
] as const

export const categoryLabel = (id: string): string =>
  CATEGORIES.find((category) => category.id === id)?.label ?? id.replaceAll('-', ' ')

/** Whose doing it is, and where: in a room of that title, if in one. */
export function whereabouts(
  { payload }: Notification,
  names: Readonly<Record<string, string>>,
  title: string | undefined,
): string {
  const { from, source, category } = payload
  const who = from === undefined ? undefined : (names[from] ?? from)
  return [who, source === undefined ? categoryLabel(category) : title]
    .filter((part) => part !== undefined)
    .join(' · ')
}

export interface Target {
  readonly href: string
  /** In the studio. */
  readonly inside: boolean
}

/** Where it leads: elsewhere, into the studio, or nowhere. */
export function targetOf({ payload }: Notification): Target | undefined {
  if (payload.url !== undefined) return { href: payload.url, inside: false }
  const { room = '', id, type } = payload.source ?? {}
  if (!HAVE_PAGES.test(room)) return undefined
  const isComment = id !== undefined && type?.startsWith('comment.') === true && room.startsWith('doc:')
  return { href: isComment ? commentPath(room, id) : roomPath(room), inside: true }
}

const HAVE_PAGES = /^(doc|build|chat|project):/
