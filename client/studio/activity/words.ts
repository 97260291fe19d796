import type { ActivityGroup } from '../../sdk/index.ts'

/** How a type of activity is told: as what somebody did with a thing, or as what became of the thing. */
interface Wording {
  readonly did?: string
  readonly became?: string
}

const WORDS: Readonly<Record<string, Wording>> = {
  edited: { did: 'edited' },
  'build.created': { did: 'asked for the build' },
  'build.started': { became: 'was started' },
  'build.completed': { became: 'succeeded' },
  'build.failed': { became: 'failed' },
  'build.cancelled': { did: 'cancelled' },
  'deployment.started': { did: 'began the deployment' },
  'deployment.completed': { became: 'was deployed' },
  'deployment.failed': { became: 'could not be deployed' },
  'preview.updated': { did: 'updated the preview' },
  'idea.created': { did: 'had the idea' },
  'idea.updated': { did: 'changed the idea' },
  'idea.committed': { did: 'committed' },
  'idea.branched': { did: 'branched' },
  'project.updated': { did: 'changed the project' },
  'project.member.joined': { did: 'added somebody to' },
  'project.member.left': { did: 'removed somebody from' },
  'project.room.added': { did: 'added a room to' },
  'project.room.removed': { did: 'removed a room from' },
  'project.task.created': { did: 'made a task in' },
  'project.task.updated': { did: 'changed a task in' },
  'project.task.deleted': { did: 'deleted a task in' },
  'project.task.status_changed': { did: 'moved a task in' },
  'project.comment.created': { did: 'commented on' },
  'project.comment.updated': { did: 'changed a comment on' },
  'project.comment.deleted': { did: 'deleted a comment on' },
  'comment.created': { did: 'commented on' },
  'comment.replied': { did: 'replied in' },
  'comment.edited': { did: 'changed a comment in' },
  'comment.deleted': { did: 'deleted a comment in' },
  'comment.resolved': { did: 'resolved a thread in' },
  'comment.reopened': { did: 'reopened a thread in' },
}

/** What the filter offers; each is some types. */
export const SORTS = {
  edits: { label: 'Editing', types: ['edited'] },
  comments: {
    label: 'Comments',
    types: [
      'comment.created',
      'comment.replied',
      'comment.edited',
      'comment.deleted',
      'comment.resolved',
      'comment.reopened',
      'project.comment.created',
      'project.comment.updated',
      'project.comment.deleted',
    ],
  },
  tasks: {
    label: 'Tasks',
    types: [
      'project.task.created',
      'project.task.updated',
      'project.task.deleted',
      'project.task.status_changed',
    ],
  },
  builds: {
    label: 'Builds',
    types: ['build.created', 'build.started', 'build.completed', 'build.failed', 'build.cancelled'],
  },
  failures: { label: 'Failures', types: ['build.failed', 'deployment.failed'] },
  deployments: {
    label: 'Deployments',
    types: ['deployment.started', 'deployment.completed', 'deployment.failed'],
  },
} as const
export type Sort = keyof typeof SORTS

/** An application's own types say themselves. */
export const wordsOf = (type: string): Wording =>
  WORDS[type] ?? { did: `${type.slice(type.indexOf('.') + 1).replace(/[._]/g, ' ')}:` }

/** “Ada”, “Ada and Bob”, “Ada and 3 others” */
export function peopleWords(people: ActivityGroup['people']): string {
  const [first, second] = people.map(({ id, name }) => name ?? id)
  if (first === undefined) return 'Nobody'
  if (second === undefined) return first
  return people.length === 2 ? `${first} and ${second}` : `${first} and ${people.length - 1} others`
}

export const timesWords = (count: number): string =>
  count === 1 ? '' : count === 2 ? 'twice' : `${count} times`

/** What a room is called where it is spoken of. */
export const roomWords = (room: string, title: string | null): string =>
  title?.trim() || (room.startsWith('doc:') ? 'Untitled' : room.slice(room.indexOf(':') + 1))

const dayName = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long' })
const dayAndYear = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long' })
const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short' })

/** “Today”, “Yesterday”, “Tuesday 3 March” */
export function dayWords(day: string, now = new Date()): string {
  const date = new Date(`${day}T12:00`)
  const noon = new Date(now).setHours(12, 0, 0, 0)
  const ago = Math.round((noon - date.getTime()) / 86_400_000)
  if (ago === 0) return 'Today'
  if (ago === 1) return 'Yesterday'
  return (date.getFullYear() === now.getFullYear() ? dayName : dayAndYear).format(date)
}

/** “10:04”, “10:04 – 10:31” */
export function spanWords(at: string, until: string): string {
  const [from, to] = [clock.format(Date.parse(at)), clock.format(Date.parse(until))]
  return from === to ? from : `${from} – ${to}`
}
