import { type Connection, Document } from '@hocuspocus/server'
import { expect, it, onTestFinished } from 'vitest'
import { omitEcho } from '../../server/realtime/echo.ts'

/** A room of three, and how often each was sent something. */
function roomOf(prepare: (document: Document) => void) {
  const document = new Document('doc:echo')
  onTestFinished(() => {
    document.connections.clear()
    document.destroy()
  })
  prepare(document)
  const sent: [number, number, number] = [0, 0, 0]
  const count = (person: 0 | 1 | 2) => {
    sent[person] += 1
  }
  const people = ([0, 1, 2] as const).map((person) => {
    const connection = { messageAddress: document.name, send: () => count(person) }
    return connection as unknown as Connection
  })
  for (const connection of people) document.connections.set(connection, { clients: new Set() })
  const types = (person: number, text = 'a') =>
    document.transact(() => document.getText('text').insert(0, text), {
      source: 'connection',
      connection: people[person],
    })
  return { document, sent, types }
}

it('[RT31] sends an edit to everybody but its author', () => {
  const { document, sent, types } = roomOf(omitEcho)
  types(0)
  types(0)
  document.flush()
  expect(sent).toEqual([0, 1, 1])
  types(1)
  document.flush()
  expect(sent).toEqual([1, 1, 2])
})

it('[RT31] control: Hocuspocus by itself sends it to its author too', () => {
  const { document, sent, types } = roomOf(() => undefined)
  types(0)
  document.flush()
  expect(sent).toEqual([1, 1, 1])
})

it('[RT31] sends to all what two have written at a time, or the server with one of them', () => {
  const { document, sent, types } = roomOf(omitEcho)
  types(0)
  types(1)
  document.flush()
  expect(sent).toEqual([1, 1, 1])
  types(0)
  document.getText('text').delete(0, 1)
  document.flush()
  expect(sent).toEqual([2, 2, 2])
})

it('[RT31] tells the first of two, where what the second has written fills the window at once', () => {
  const { document, sent, types } = roomOf(omitEcho)
  types(0)
  types(1, 'long '.repeat(document.flushMaxBytes))
  expect(sent).toEqual([1, 1, 1])
})
