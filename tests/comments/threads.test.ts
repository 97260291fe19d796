import { expect, it } from 'vitest'
import {
  type EventOf,
  type EventPayloads,
  foldThreads,
  NO_THREADS,
  type ThreadsState,
} from '../../client/sdk/index.ts'

const told = () => {
  let seq = 0
  return <Type extends keyof EventPayloads & string>(
    type: Type,
    payload: EventPayloads[Type],
    actor = 'ada',
  ): EventOf<Type> => {
    seq += 1
    // A union of one: TypeScript does not see that it is the same.
    return { seq, id: `e${seq}`, type, actor, at: seq * 10, payload } as unknown as EventOf<Type>
  }
}

const first = ({ threads }: ThreadsState) => [...threads.values()][0]

it('[COM1] threads are what their events make of them, the same however they come', () => {
  const at = told()
  const events = [
    at('comment.created', { text: 'Why?' }),
    at('comment.replied', { thread: 'e1', text: 'Because, @ada', mentions: ['ada'] }, 'bob'),
    at('comment.edited', { comment: 'e1', text: 'Why not?' }),
    at('comment.reaction.added', { comment: 'e2', emoji: '👍' }),
    at('comment.reaction.added', { comment: 'e2', emoji: '👍' }),
    at('comment.reaction.added', { comment: 'e2', emoji: '👍' }, 'eve'),
    at('comment.reaction.removed', { comment: 'e2', emoji: '👍' }),
    at('comment.resolved', { thread: 'e1' }, 'bob'),
  ]
  const state = foldThreads(NO_THREADS, events)
  expect(first(state)).toMatchObject({
    id: 'e1',
    anchor: undefined,
    resolved: { by: 'bob', at: 80 },
    comments: [
      { id: 'e1', author: 'ada', at: 10, text: 'Why not?', editedAt: 30 },
      { id: 'e2', author: 'bob', mentions: ['ada'], reactions: new Map([['👍', ['eve']]]) },
    ],
  })
  expect(state.seq).toBe(8)
  // One at a time or all at once is the same; what comes twice, or is no comment's, changes nothing.
  expect(events.reduce((before, event) => foldThreads(before, [event]), NO_THREADS)).toEqual(state)
  expect(foldThreads(state, events.slice(0, 2)).threads).toEqual(state.threads)
  expect(foldThreads(state, [at('system.alert', { level: 'info', text: 'x' })])).toBe(state)
  expect(first(foldThreads(state, [at('comment.reopened', { thread: 'e1' })]))?.resolved).toBeUndefined()
})

it('[COM1] a comment that was deleted says no more than that, and a thread without others is none', () => {
  const at = told()
  const begun = foldThreads(NO_THREADS, [
    at('comment.created', { text: 'secret' }),
    at('comment.replied', { thread: 'e1', text: 'answer' }, 'bob'),
    at('comment.deleted', { comment: 'e1' }),
    at('comment.edited', { comment: 'e1', text: 'back' }),
  ])
  expect(first(begun)?.comments).toMatchObject([
    { deleted: true, text: '' },
    { deleted: false, text: 'answer' },
  ])
  expect(JSON.stringify(first(begun))).not.toContain('secret')
  expect(foldThreads(begun, [at('comment.deleted', { comment: 'e2' }, 'bob')]).threads.size).toBe(0)
  // What is about none of it is left out.
  expect(foldThreads(begun, [at('comment.replied', { thread: 'e9', text: 'x' })]).threads).toEqual(
    begun.threads,
  )
})
