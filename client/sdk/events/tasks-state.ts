import type { Fold } from './folded.ts'
import type { EventOf, EventPayloads } from './payloads.ts'

export interface Task {
  readonly id: string
  readonly title: string
  readonly description: string | undefined
  readonly status: string | undefined
  readonly assignee: string | undefined
  readonly labels: NonNullable<EventPayloads['project.task.created']['labels']>
  readonly createdBy: string
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly changedAt: number
}

/** The tasks of a project by their ids, in the order in which they were created. */
export type Tasks = ReadonlyMap<string, Task>

export const NO_TASKS: Tasks = new Map()

/** The tasks after these events, which follow those that made `tasks`. */
export const foldTasks = (tasks: Tasks, events: readonly EventOf[]): Tasks => {
  const after = new Map(tasks)
  let changed = false
  for (const event of events) changed = apply(after, event) || changed
  return changed ? after : tasks
}

/** The tasks of a project, for `folded` and `useFolded`. */
export const TASKS: Fold<Tasks> = { empty: NO_TASKS, fold: foldTasks }

function apply(tasks: Map<string, Task>, event: EventOf): boolean {
  switch (event.type) {
    case 'project.task.created': {
      const { task: id, title, status, assignee, labels = {} } = event.payload
      if (tasks.has(id)) return false
      const { actor, at } = event
      const made = { createdBy: actor, createdAt: at, changedAt: at }
      tasks.set(id, { id, title, description: undefined, status, assignee, labels, ...made })
      return true
    }
    case 'project.task.updated': {
      const { task: id, title, description, assignee, labels } = event.payload
      return change(tasks, id, event.at, (task) => ({
        ...task,
        title: title ?? task.title,
        description: description ?? task.description,
        assignee: assignee === undefined ? task.assignee : (assignee ?? undefined),
        labels: labels ?? task.labels,
      }))
    }
    case 'project.task.status_changed':
      return change(tasks, event.payload.task, event.at, (task) => ({ ...task, status: event.payload.to }))
    case 'project.task.deleted':
      return tasks.delete(event.payload.task)
    default:
      return false
  }
}

/** A task whose creation is not known any more, or that was deleted, is not changed. */
function change(tasks: Map<string, Task>, id: string, at: number, how: (task: Task) => Task): boolean {
  const task = tasks.get(id)
  if (task === undefined) return false
  tasks.set(id, { ...how(task), changedAt: at })
  return true
}
