import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { Channels } from '../../server/channels/channels.ts'
import { defineKind, event } from '../../server/channels/kind.ts'
import { Registry } from '../../server/channels/registry.ts'
import type { Role } from '../../server/protocol.ts'
import { database, openLog } from '../log/fixture.ts'

const id = z.string()
const desk = defineKind('desk', {
  note: event(z.strictObject({ answers: id.optional() }), {
    about: { field: 'answers', types: ['desk.note'], by: 'anyone' },
  }),
  changed: event(z.strictObject({ note: id }), {
    about: { field: 'note', types: ['desk.note'], by: 'author' },
  }),
  removed: event(z.strictObject({ note: id }), {
    about: { field: 'note', types: ['desk.note'], by: 'author or admin' },
  }),
})
const remark = defineKind('remark', { made: event(z.strictObject({})) }, { everywhere: true })

async function start() {
  const channels = new Channels(openLog((await database()).db), new Registry([desk, remark]))
  const held = await channels.open('desk:a', 'ada')
  onTestFinished(held.release)
  /** What became of each: its seq, or the code of its refusal. */
  const publish = async (user: string, role: Role, ...drafts: readonly [string, string, object?][]) => {
    const settled = await Promise.allSettled(
      channels.publish(
        held.room,
        'desk:a',
        { user, role },
        drafts.map(([type, id, payload = {}]) => ({ type, id, payload })),
      ),
    )
    return settled.map((one) => (one.status === 'fulfilled' ? one.value.seq : one.reason.code))
  }
  return { channels, publish, room: held.room }
}

describe('events about earlier ones', () => {
  it('[EVT104] takes them where what they are about is there, also from the same batch, and keeps the order', async () => {
    const { publish } = await start()
    expect(
      await publish(
        'ada',
        'write',
        ['desk.note', 'n1'],
        ['desk.changed', 'c1', { note: 'n1' }],
        ['desk.note', 'n2', { answers: 'n1' }],
        ['desk.note', 'n3'],
        ['desk.removed', 'r1', { note: 'n2' }],
      ),
    ).toEqual([1, 2, 3, 4, 5])
    expect(await publish('bob', 'write', ['desk.note', 'n4', { answers: 'n1' }])).toEqual([6])
  })

  it('[EVT104] refuses them where it is not there, is something else, or is somebody else’s', async () => {
    const { publish } = await start()
    await publish('ada', 'write', ['desk.note', 'n1'], ['desk.changed', 'c1', { note: 'n1' }])
    expect(
      await publish(
        'bob',
        'write',
        ['desk.changed', 'x1', { note: 'nothing' }],
        ['desk.changed', 'x2', { note: 'n1' }],
        ['desk.removed', 'x3', { note: 'n1' }],
        ['desk.note', 'x4', { answers: 'c1' }],
        ['desk.note', 'n2'],
      ),
    ).toEqual(['event-invalid', 'event-forbidden', 'event-forbidden', 'event-invalid', 3])
    expect(
      await publish(
        'eve',
        'admin',
        ['desk.changed', 'x5', { note: 'n1' }],
        ['desk.removed', 'r1', { note: 'n1' }],
      ),
    ).toEqual(['event-forbidden', 4])
  })

  it('[EVT104] holds the room until what waits is looked up, though its publisher has left', async () => {
    const channels = new Channels(openLog((await database()).db), new Registry([desk]))
    const held = await channels.open('desk:a', 'ada')
    const drafts = [
      { type: 'desk.note', id: 'n1', payload: {} },
      { type: 'desk.changed', id: 'c1', payload: { note: 'n1' } },
    ]
    const receipts = channels.publish(held.room, 'desk:a', { user: 'ada', role: 'write' }, drafts)
    held.release()
    expect((await Promise.all(receipts)).map(({ seq }) => seq)).toEqual([1, 2])
  })

  it('[EVT105] takes events of every room in rooms of all kinds, and others only in their own', async () => {
    const { publish, channels } = await start()
    expect(await publish('ada', 'write', ['remark.made', 'r1'])).toEqual([1])
    await channels.publishAs('ada', 'doc:x', [{ type: 'remark.made', id: 'r1', payload: {} }])
    await expect(
      channels.publishAs('ada', 'doc:x', [{ type: 'desk.note', id: 'n1', payload: {} }]),
    ).rejects.toMatchObject({ code: 'event-unknown' })
  })
})
