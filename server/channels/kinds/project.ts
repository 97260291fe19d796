import { z } from 'zod'
import { ROLES, ROOM_NAME } from '../../protocol.ts'
import { defineKind, event } from '../kind.ts'
import { id, labels, text, title } from './values.ts'

const status = z.string().min(1).max(64)
const task = { task: id }
const comment = { comment: id }
const room = { room: z.string().regex(ROOM_NAME, 'must be the name of a room') }

/** One project, `project:<id>`: who belongs to it, its tasks, and what is said about them. */
export const project = defineKind('project', {
  updated: event(
    z.strictObject({ title: title.optional(), description: text.optional(), labels: labels.optional() }),
  ),
  'member.joined': event(z.strictObject({ user: id, role: z.enum(ROLES).optional() })),
  'member.left': event(z.strictObject({ user: id })),
  'room.added': event(z.strictObject(room)),
  'room.removed': event(z.strictObject(room)),
  'task.created': event(
    z.strictObject({
      ...task,
      title,
      status: status.optional(),
      assignee: id.optional(),
      labels: labels.optional(),
    }),
  ),
  'task.updated': event(
    z.strictObject({
      ...task,
      title: title.optional(),
      description: text.optional(),
      assignee: id.nullable().optional(),
      labels: labels.optional(),
    }),
  ),
  'task.deleted': event(z.strictObject(task)),
  'task.status_changed': event(z.strictObject({ ...task, from: status.optional(), to: status })),
  'comment.created': event(z.strictObject({ ...comment, text, on: id.optional(), answers: id.optional() }), {
    publish: 'comment',
  }),
  'comment.updated': event(z.strictObject({ ...comment, text }), { publish: 'comment' }),
  'comment.deleted': event(z.strictObject(comment), { publish: 'comment' }),
})
