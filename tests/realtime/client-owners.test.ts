import { type Connection, Document } from '@hocuspocus/server'
import { expect, it, onTestFinished, vi } from 'vitest'
import * as Y from 'yjs'
import { DOCUMENT, HEAVY } from '../../server/documents/update-limits.ts'
import { ClientOwners } from '../../server/realtime/client-owners.ts'
import { NewClients } from '../../server/realtime/new-clients.ts'
import { gc, times, updateOf } from '../documents/attacks.ts'

/** A room as it is open, in which so many client ids have written. */
function open(newClients: NewClients, ids: number) {
  const document = new Document('doc:a')
  onTestFinished(() => document.destroy())
  Y.applyUpdate(document, updateOf(times(ids, (index) => ({ client: index + 1, structs: [gc(1)] }))))
  const owners = new ClientOwners(document, {
    actorOf: ({ context }) => context as string,
    announces: () => false,
    newClients,
  })
  let next = ids + 1
  /** Somebody brings so many that nobody has seen. */
  return (actor: string, fresh: number): boolean | string => {
    const runs = times(fresh, () => ({ client: next++, start: 0, end: 1 }))
    try {
      return owners.check({ context: actor } as unknown as Connection, runs)
    } catch (error) {
      return error instanceof Error && 'code' in error ? String(error.code) : String(error)
    }
  }
}

it('[DOC39] bounds the client ids of a person in a document that has many, also where the room was closed meanwhile', () => {
  const newClients = new NewClients()
  const bring = open(newClients, DOCUMENT.clients)
  expect(bring('mallory', HEAVY.clientsOfActor)).toBe(false)
  expect(bring('mallory', 1)).toBe('rate-limited')
  expect(open(newClients, DOCUMENT.clients)('mallory', 1)).toBe('rate-limited')
  expect(bring('ada', 1)).toBe(false)
  expect(bring('eve', HEAVY.clientsOfActor + 1)).toBe('update-refused')
})

it('[DOC39] may come later, however often they were tried meanwhile', () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const bring = open(new NewClients(), DOCUMENT.clients)
  expect(bring('guests', HEAVY.clientsOfActor)).toBe(false)
  for (const _ of times(500, () => 0)) expect(bring('guests', 1)).toBe('rate-limited')
  // A thousandth of an hour for each.
  vi.advanceTimersByTime(3_601)
  expect(bring('guests', 1)).toBe(false)
  expect(bring('guests', 1)).toBe('rate-limited')
})

it('[DOC39] has them tried in a document that has few', () => {
  const bring = open(new NewClients(), 0)
  expect(bring('ada', HEAVY.clientsOfActor)).toBe(false)
  expect(bring('ada', 100)).toBe(true)
})
