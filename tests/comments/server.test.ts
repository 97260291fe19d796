import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { anchorOf, connect, type Room, threadsOf } from '../../client/sdk/index.ts'
import type { Role } from '../../server/protocol.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

let server: TestServer

beforeAll(async () => {
  server = await startServer()
}, 60_000)

afterAll(() => server?.dispose())

let rooms = 0
const nextRoom = () => {
  rooms += 1
  return `doc:${rooms}`
}

interface Answer {
  readonly id: string
  readonly status: number
  /** Of the refusal. */
  readonly code: string | undefined
  readonly message: string
}

let ids = 0
async function publish(
  room: string,
  user: string,
  type: string,
  payload: unknown,
  role: Role = 'comment',
): Promise<Answer> {
  ids += 1
  const id = `e${ids}`
  const response = await fetch(`${server.url}/api/v1/rooms/${room}/events`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await server.token(user, { [room]: role })}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ type: `comment.${type}`, id, payload }),
  })
  const { error } = (await response.json()) as { error?: { code: string; message: string } }
  return { id, status: response.status, code: error?.code, message: error?.message ?? '' }
}

const codeOf = async (answer: Promise<Answer>) => (await answer).code

/** A room that somebody who may write has made. */
async function made(room = nextRoom()): Promise<string> {
  expect(await codeOf(publish(room, 'ada', 'created', { text: 'first' }, 'write'))).toBeUndefined()
  return room
}

const withText = (text: string): Y.Doc => {
  const doc = new Y.Doc()
  doc.getText('content').insert(0, text)
  return doc
}

describe('who may comment', () => {
  it('[COM2] is whoever has the role, in rooms of every kind; who may only read may not', async () => {
    const room = await made()
    const { id } = await publish(room, 'bob', 'created', { text: 'hello' })
    expect(await codeOf(publish(room, 'eve', 'replied', { thread: id, text: 'x' }, 'read'))).toBe(
      'event-forbidden',
    )
    expect(await codeOf(publish(room, 'eve', 'replied', { thread: id, text: 'x' }))).toBeUndefined()
    expect(await codeOf(publish(room, 'eve', 'resolved', { thread: id }))).toBeUndefined()
    expect(
      await codeOf(publish(await made('project:1'), 'bob', 'created', { text: 'hello' })),
    ).toBeUndefined()
  })

  it('[COM2] changes comments of their own, and nobody else’s; an administrator may delete', async () => {
    const room = await made()
    const { id } = await publish(room, 'bob', 'created', { text: 'mine' })
    expect(await codeOf(publish(room, 'eve', 'edited', { comment: id, text: 'hers' }))).toBe(
      'event-forbidden',
    )
    expect(await codeOf(publish(room, 'root', 'edited', { comment: id, text: 'x' }, 'admin'))).toBe(
      'event-forbidden',
    )
    expect(await codeOf(publish(room, 'eve', 'deleted', { comment: id }, 'write'))).toBe('event-forbidden')
    expect(await codeOf(publish(room, 'bob', 'edited', { comment: id, text: 'still mine' }))).toBeUndefined()
    expect(await codeOf(publish(room, 'root', 'deleted', { comment: id }, 'admin'))).toBeUndefined()
  })

  it('[COM2] speaks of comments that are there, and answers threads alone', async () => {
    const room = await made()
    const { id } = await publish(room, 'bob', 'created', { text: 'thread' })
    const reply = await publish(room, 'bob', 'replied', { thread: id, text: 'reply' })
    const elsewhere = await publish(await made(), 'bob', 'created', { text: 'elsewhere' })
    for (const thread of ['none', reply.id, elsewhere.id])
      expect((await publish(room, 'bob', 'replied', { thread, text: 'x' })).status).toBeGreaterThanOrEqual(
        400,
      )
    expect(
      (await publish(room, 'bob', 'reaction.added', { comment: 'none', emoji: '👍' })).status,
    ).toBeGreaterThanOrEqual(400)
  })
})

describe('what a comment carries', () => {
  const anchor = () => {
    const made = anchorOf(withText('one two three'), 'content', 4, 7)
    if (made === undefined) throw new Error('no anchor')
    return made
  }
  const base64 = (bytes: readonly number[]) => Buffer.from(bytes).toString('base64')

  it.each<[string, unknown]>([
    ['nothing to read', { text: ' \n' }],
    ['too much to read', { text: 'x'.repeat(10_001) }],
    ['an anchor that is no text', { text: 'x', anchor: { ...anchor(), start: 'not base64!' } }],
    ['an anchor that breaks off', { text: 'x', anchor: { ...anchor(), start: base64([0, 255, 255]) } }],
    ['an anchor that names a type', { text: 'x', anchor: { ...anchor(), start: base64([1, 1, 97]) } }],
    [
      'an anchor that is too long',
      { text: 'x', anchor: { ...anchor(), start: base64([1, 99, ...Array(99).fill(97)]) } },
    ],
    ['an anchor without a quote', { text: 'x', anchor: { ...anchor(), quote: '' } }],
    ['too long a quote', { text: 'x', anchor: { ...anchor(), quote: 'x'.repeat(1_001) } }],
    ['what nobody knows', { text: 'x', html: '<b>' }],
    ['too many mentions', { text: 'x', mentions: Array(51).fill('ada') }],
  ])('[COM4] is refused with %s', async (_, payload) => {
    const { code, message } = await publish(await made(), 'bob', 'created', payload)
    expect(code).toBe('event-invalid')
    expect(message).toContain('comment.created: payload')
  })

  it('[COM4] is refused with a reaction that is no emoji, and taken with one of several code points', async () => {
    const room = await made()
    const { id: comment } = await publish(room, 'bob', 'created', { text: 'x', anchor: anchor() })
    for (const emoji of ['', 'x', '👍👍', '<b>', '1'])
      expect(await codeOf(publish(room, 'bob', 'reaction.added', { comment, emoji }))).toBe('event-invalid')
    for (const emoji of ['👍', '❤️', '👩‍👩‍👧‍👦', '🇦🇹', '👍🏽'])
      expect(await codeOf(publish(room, 'bob', 'reaction.added', { comment, emoji }))).toBeUndefined()
  })
})

describe('what was done here and is not committed', () => {
  const enter = (user: string, room: string, role: Role) => {
    const client = connect({
      url: server.url,
      token: () => server.token(user, { [room]: role }),
      user: { id: user, name: user },
      offline: false,
    })
    return { client, room: client.room(room) }
  }
  const textsOf = (room: Room) =>
    threadsOf(room)
      .getState()
      .threads.map(({ comments }) => comments.map(({ text }) => text).join())

  it('[COM5] is shown at once, and stays, with the reason, where it was refused; what was not to be changed is not', async () => {
    const name = await made()
    const bob = enter('bob', name, 'comment')
    const eve = enter('eve', name, 'read')
    try {
      const threads = threadsOf(bob.room)
      threads.subscribe(() => {})
      await until(() => threads.getState().caughtUp)
      const added = threads.add({ text: 'at once' })
      expect(textsOf(bob.room)).toEqual(['first', 'at once'])
      const { id } = await added
      await until(() => threads.getState().unsent.size === 0)

      // Ada's is not Bob's to change.
      const [adas] = threads.getState().threads
      const changed = threads.edit(adas?.id ?? '', { text: 'overwritten' })
      expect(textsOf(bob.room)).toEqual(['overwritten', 'at once'])
      await expect(changed).rejects.toThrow()
      await until(() => textsOf(bob.room)[0] === 'first')
      expect([...threads.getState().unsent.values()]).toMatchObject([
        { type: 'comment.edited', text: 'overwritten', refusal: { code: 'event-forbidden' } },
      ])

      // Who may only read sees the refusal beside what was written.
      const reading = threadsOf(eve.room)
      reading.subscribe(() => {})
      await until(() => reading.getState().caughtUp)
      await expect(reading.reply(id, { text: 'refused' })).rejects.toThrow()
      await until(() => [...reading.getState().unsent.values()].some(({ refusal }) => refusal !== undefined))
      expect(textsOf(eve.room)).toEqual(['first', 'at once,refused'])
      const [unsent] = [...reading.getState().unsent.keys()]
      reading.dismiss(unsent ?? '')
      expect(textsOf(eve.room)).toEqual(['first', 'at once'])

      // As one that was published before the page was loaded anew.
      eve.room.publish('comment.replied', { thread: id, text: 'before' })
      await until(() => textsOf(eve.room)[1] === 'at once,before')
      expect([...reading.getState().unsent.values()]).toMatchObject([
        { refusal: { code: 'event-forbidden' } },
      ])
    } finally {
      await Promise.all([bob.client.destroy(), eve.client.destroy()])
    }
  })

  it('[COM5] stays where it was refused, also once the room was closed, until it is let go', async () => {
    const name = await made()
    const { client, room } = enter('eve', name, 'read')
    try {
      const before = threadsOf(room)
      await expect(before.add({ text: 'refused' })).rejects.toThrow()
      room.release()
      await until(() => room.getPeople().length === 0)

      const again = client.room(name)
      const threads = threadsOf(again)
      threads.subscribe(() => {})
      await until(() => threads.getState().unsent.size === 1)
      await until(() => textsOf(again).join() === 'first,refused')
      const [[id, { refusal }] = ['', { refusal: undefined }]] = threads.getState().unsent
      expect(refusal).toMatchObject({ code: 'event-forbidden' })
      threads.dismiss(id)
      expect(textsOf(again)).toEqual(['first'])
    } finally {
      await client.destroy()
    }
  })
})
