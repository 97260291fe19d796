import { z } from 'zod'
import type { FollowedRoom } from '../channels/followers.ts'
import type { notification } from '../channels/kinds/user.ts'
import type { StoredEvent } from '../log/events.ts'
import type { Queryable } from '../storage/transaction.ts'
import { everybodyWithInbox, whoReads } from './audience.ts'
import { membersOf } from './project-members.ts'

/** Who is told what, before anybody is asked whether they want to be. */
export interface Occasion {
  readonly users: readonly string[]
  readonly says: z.output<typeof notification>
}

/**
 * What an event gives occasion to tell. The same whenever it is asked, since it may be asked again after a kill: made of the
 * event and of earlier ones of its room. Nothing that people wrote is repeated: it could not be taken back.
 */
type Occasions = (client: Queryable, room: FollowedRoom, event: StoredEvent) => Promise<readonly Occasion[]>

const message = z.object({
  mentions: z.array(z.string()).default([]),
  /** The message that it answers, or the thread. */
  answers: z.string().optional(),
  thread: z.string().optional(),
})

/** Mentions first, then whom it answers, then who else has written in the thread: nobody is told of one message twice. */
const said =
  (answered: { readonly category: string; readonly title: string }): Occasions =>
  async (client, room, { seq, payload }) => {
    const { mentions, thread, answers = thread } = message.parse(JSON.parse(payload))
    const author = answers === undefined ? undefined : await authorOf(client, room, answers)
    const others = thread === undefined ? [] : await repliersOf(client, room, thread, seq)
    const group = groupOf(room)
    const tell = async (
      users: readonly string[],
      says: { readonly category: string; readonly title: string },
    ) => ({
      users: await whoReads(client, room, users),
      says: { ...says, group },
    })
    const unnamed = (user: string): boolean => !mentions.includes(user)
    return [
      await tell(mentions, { category: 'mention', title: 'You were mentioned' }),
      await tell(author === undefined ? [] : [author].filter(unnamed), answered),
      await tell(
        others.filter((user) => unnamed(user) && user !== author),
        { ...answered, title: 'A comment that you answered was answered again' },
      ),
    ]
  }

const created = z.object({ title: z.string().default(''), project: z.string().optional() })
const started = z.object({ environment: z.string().default(''), project: z.string().optional() })
const failed = z.object({ message: z.string().default('') })

const buildFailed: Occasions = async (client, room, event) => {
  const beginning = await lastBefore(client, room, 'build.created', event.seq)
  const { title, project } = created.parse(beginning?.payload ?? {})
  const name = title.trim() || room.name
  return [
    {
      users: await whoseItIs(client, beginning?.actor, project),
      says: {
        category: 'build',
        title: cut(`Build failed: ${name}`, 500),
        text: cut(failed.parse(JSON.parse(event.payload)).message, 2_000),
        group: cut(project === undefined ? name : `project:${project}`, GROUP),
      },
    },
  ]
}

const deploymentFailed: Occasions = async (client, room, event) => {
  const beginning = await lastBefore(client, room, 'deployment.started', event.seq)
  const { environment, project } = started.parse(beginning?.payload ?? {})
  const name = environment.trim() || room.name
  return [
    {
      users: await whoseItIs(client, beginning?.actor, project),
      says: {
        category: 'deployment',
        title: cut(`Deployment failed: ${name}`, 500),
        text: cut(failed.parse(JSON.parse(event.payload)).message, 2_000),
        group: cut(project === undefined ? name : `project:${project}`, GROUP),
      },
    },
  ]
}

const sharing = (title: string, users: readonly string[], room: FollowedRoom): readonly Occasion[] => [
  { users, says: { category: 'share', title, group: groupOf(room) } },
]

/** Only whom the event has brought into the chat: the follower of chats has taken it before, in this transaction. */
const chatShared: Occasions = async (client, room, { seq }) => {
  const { rows } = await client.query<{ user: string }>(
    `select user_id as user from chat_members
     where room_id = $1 and joined_seq = $2 and left_seq is null order by 1`,
    [room.id, seq],
  )
  return sharing(
    'You were added to a chat',
    rows.map(({ user }) => user),
    room,
  )
}

const memberJoined = z.object({ user: z.string() })

const announcement = z.object({ title: z.string(), text: z.string(), url: z.string().optional() })
const alert = z.object({ level: z.string(), text: z.string() })

const performanceAlert = z.object({
  rule: z.string(),
  state: z.enum(['raised', 'resolved']),
  level: z.enum(['info', 'warning', 'critical']),
  metric: z.string(),
  of: z.string(),
  is: z.string(),
  threshold: z.number(),
  value: z.number().optional(),
  tell: z.array(z.string()),
})

const LEVELS = { info: 'For your information', warning: 'Warning', critical: 'Critical' }

/** Whom the rule names: an administrator of the room has said so, whether or not they read it. */
const performanceAlerted: Occasions = async (_client, room, { payload }) => {
  const { rule, state, level, metric, of, is, threshold, value, tell } = performanceAlert.parse(
    JSON.parse(payload),
  )
  const title = `${state === 'raised' ? LEVELS[level] : 'Resolved'}: ${rule}`
  const now = value === undefined ? 'nothing was measured' : `it is ${Number(value.toPrecision(4))}`
  const text = `${of} of ${metric} ${is} ${threshold}: ${now}`
  return [
    { users: tell, says: { category: 'performance', title: cut(title, 500), text, group: groupOf(room) } },
  ]
}

const COMMENT_ANSWERED = { category: 'comment', title: 'Your comment was answered' }

/** By the type of the event. */
export const OCCASIONS: Readonly<Record<string, Occasions>> = {
  'chat.message': said({ category: 'mention', title: 'Your message was answered' }),
  'comment.created': said(COMMENT_ANSWERED),
  'comment.replied': said(COMMENT_ANSWERED),
  'build.failed': buildFailed,
  'deployment.failed': deploymentFailed,
  'project.member.joined': async (_client, room, { payload }) =>
    sharing('You were added to a project', [memberJoined.parse(JSON.parse(payload)).user], room),
  'chat.created': chatShared,
  'chat.invited': chatShared,
  'performance.alert': performanceAlerted,
  'system.announcement': async (client, room, { payload }) => {
    const { title, text, url } = announcement.parse(JSON.parse(payload))
    return [
      {
        users: await everybodyWithInbox(client),
        says: {
          category: 'system',
          title: title.trim() || 'Announcement',
          text: cut(text, 2_000),
          ...(url !== undefined && { url }),
          group: groupOf(room),
        },
      },
    ]
  },
  'system.alert': async (client, room, { payload }) => {
    const { level, text } = alert.parse(JSON.parse(payload))
    const title = level === 'info' ? 'For your information' : level === 'warning' ? 'Warning' : 'Critical'
    return [
      {
        users: await everybodyWithInbox(client),
        says: { category: 'system', title, text: cut(text, 2_000), group: groupOf(room) },
      },
    ]
  },
}

interface Beginning {
  readonly actor: string
  readonly payload: unknown
}

async function lastBefore(
  client: Queryable,
  { id }: FollowedRoom,
  type: string,
  seq: number,
): Promise<Beginning | undefined> {
  const { rows } = await client.query<Beginning>(
    `select actor, payload from room_events where room_id = $1 and type = $2 and seq < $3
     order by seq desc limit 1`,
    [id, type, seq],
  )
  return rows[0]
}

async function authorOf(client: Queryable, { id }: FollowedRoom, event: string): Promise<string | undefined> {
  const { rows } = await client.query<{ actor: string }>(
    'select actor from room_events where room_id = $1 and id = $2',
    [id, event],
  )
  return rows[0]?.actor
}

/** Who has answered in a thread of comments before an event. */
async function repliersOf(
  client: Queryable,
  { id }: FollowedRoom,
  thread: string,
  seq: number,
): Promise<readonly string[]> {
  const { rows } = await client.query<{ actor: string }>(
    `select distinct actor from room_events
     where room_id = $1 and type = 'comment.replied' and seq < $3 and payload->>'thread' = $2 order by 1`,
    [id, thread, seq],
  )
  return rows.map(({ actor }) => actor)
}

/** Who began it, and the members of the project that it says it is of. */
const whoseItIs = async (
  client: Queryable,
  actor: string | undefined,
  project: string | undefined,
): Promise<readonly string[]> => [
  ...(actor === undefined ? [] : [actor]),
  ...(project === undefined ? [] : await membersOf(client, project)),
]

/** The most that a group's name may have, in UTF-16 units: a room's name may have twice as many. */
const GROUP = 200
const groupOf = ({ name }: FollowedRoom): string => cut(name, GROUP)

/** Never in the middle of a character: half of one can be stored nowhere. */
const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1).replace(/[\ud800-\udbff]$/, '')}…`
