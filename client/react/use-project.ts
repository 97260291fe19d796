import { useMemo } from 'react'
import { COMMENTS, type Comment } from '../sdk/events/comments-state.ts'
import { TASKS, type Task } from '../sdk/events/tasks-state.ts'
import type { Room } from '../sdk/room.ts'
import { useFolded } from './use-folded.ts'

/** The tasks of a room `project:<id>`, in the order in which they were created. */
export const useTasks = (room: Room): readonly Task[] => {
  const tasks = useFolded(room, TASKS)
  return useMemo(() => [...tasks.values()], [tasks])
}

/** The comments of a room `project:<id>`, oldest first; of one thing where `on` is given. */
export const useComments = (room: Room, on?: string): readonly Comment[] => {
  const comments = useFolded(room, COMMENTS)
  return useMemo(
    () => [...comments.values()].filter((comment) => on === undefined || comment.on === on),
    [comments, on],
  )
}
