import { useMemo } from 'react'
import { COMMENTS, type Comment } from '../sdk/events/comments-state.ts'
import type { Told } from '../sdk/events/folded.ts'
import { TASKS, type Task } from '../sdk/events/tasks-state.ts'
import type { Room } from '../sdk/room.ts'
import { useFolded, useTold } from './use-folded.ts'

/** The tasks of a room `project:<id>`, in the order in which they were created; more may come until `caughtUp`. */
export const useTasks = (room: Room): readonly Task[] & Told => {
  const tasks = useFolded(room, TASKS)
  const told = useTold(room, TASKS)
  return useMemo(() => Object.assign([...tasks.values()], told), [tasks, told])
}

/** The comments of a room `project:<id>`, oldest first; of one thing where `on` is given; more may come until `caughtUp`. */
export const useComments = (room: Room, on?: string): readonly Comment[] & Told => {
  const comments = useFolded(room, COMMENTS)
  const told = useTold(room, COMMENTS)
  return useMemo(() => {
    const shown = [...comments.values()].filter((comment) => on === undefined || comment.on === on)
    return Object.assign(shown, told)
  }, [comments, on, told])
}
