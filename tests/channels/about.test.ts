import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { z } from 'zod'
import { Channels } from '../../server/channels/channels.ts'
import { defineKind, event } from '../../server/channels/kind.ts'
import { Registry } from '../../server/channels/registry.ts'
import type { Role } from '../../server/protocol.ts'
import { database, openLog } from '../log/fixture.ts'
import { blockWrites } from '../support/blocked-database.ts'

const id = z.string()
const desk = defineKind('desk', {
  note: event(z.strictObject({ answers: id.optional(), text: z.string().optional() }), {
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

async function start(maxQueueBytes?: number) {
  const { url, db } = await database()
  const log = openLog(db, maxQueueBytes)
  const channels = new Channels(log, new Registry([desk, remark]))
  const held = await channels.open('desk:a', 'ada')
  onTestFinished(held.release)
  /** What became of each: its seq, or the code of its refusal. */
  const publish = async (
    user: string,
    role: Role,
    ...drafts: readonly (readonly [string, string, object?])[]
  ) => {
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
  return { url, channels, log, room: held.room, publish }
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

  it('[EVT104] refuses what comes after one that cannot be looked up now, and takes all in order when they come again', async () => {
    const { publish, channels, log } = await start()
    const lookUp = vi.spyOn(log, 'eventById')
    const terminated = Object.assign(new Error('terminating connection'), { code: '57P01' })
    await publish('ada', 'write', ['desk.note', 'n1'])

    const message = [
      ['desk.note', 'n2'],
      ['desk.note', 'n3', { answers: 'n1' }],
      ['desk.changed', 'c1', { note: 'n3' }],
      ['desk.changed', 'c2', { note: 'n1' }],
      ['desk.note', 'n4'],
    ] as const
    lookUp.mockRejectedValueOnce(terminated)
    expect(await publish('ada', 'write', ...message)).toEqual([2, '57P01', '57P01', '57P01', '57P01'])
    expect(await publish('ada', 'write', ...message)).toEqual([2, 3, 4, 5, 6])

    const drafts = ['c3', 'c4'].map((id) => ({ type: 'desk.changed', id, payload: { note: 'n1' } }))
    lookUp.mockRejectedValueOnce(terminated)
    await expect(channels.publishAs('ada', 'desk:a', drafts)).rejects.toBe(terminated)
    expect((await channels.publishAs('ada', 'desk:a', drafts)).map(({ seq }) => seq)).toEqual([7, 8])
  })

  it('[EVT104] lets nobody wait for what somebody else’s events are about', async () => {
    const { publish } = await start()
    await publish('ada', 'write', ['desk.note', 'n1'])
    const answers = Array.from({ length: 20 }, (_, i) => ['desk.note', `a${i}`, { answers: 'n1' }] as const)
    const eve = publish('eve', 'write', ...answers, ['desk.note', 'last'])
    expect(await publish('ada', 'write', ['desk.note', 'n2'])).toEqual([2])
    expect(await eve).toEqual(Array.from({ length: 21 }, (_, i) => i + 3))
  })

  it('[EVT104] waits for no commit but that of what an event is about', async () => {
    const { publish, room, url } = await start()
    await publish('ada', 'write', ['desk.note', 'n1'])
    const unblock = await blockWrites(url)
    const answers = ['a1', 'a2', 'a3'].map((id) => ['desk.note', id, { answers: 'n1' }] as const)
    const published = publish('ada', 'write', ...answers)
    try {
      await expect.poll(() => room.appended).toBe(4)
    } finally {
      await unblock()
    }
    expect(await published).toEqual([2, 3, 4])
  })

  it('[EVT104] judges by the event that has the id, and not by one on its way that is refused for it', async () => {
    const { publish } = await start()
    await publish('ada', 'write', ['desk.note', 'n1'])
    expect(
      await publish('eve', 'write', ['desk.note', 'n1'], ['desk.changed', 'c1', { note: 'n1' }]),
    ).toEqual(['event-conflict', 'event-forbidden'])
  })

  it('[EVT65] counts what waits for an earlier event, and refuses what is too much', async () => {
    const { publish, log, url } = await start(100_000)
    const unblock = await blockWrites(url)
    const text = 'x'.repeat(30_000)
    const first = publish('ada', 'write', ['desk.note', 'n1'])
    const answers = ['a1', 'a2', 'a3', 'a4', 'a5', 'a6'].map(
      (id) => ['desk.note', id, { answers: 'n1', text }] as const,
    )
    const published = publish('ada', 'write', ...answers)
    const full = log.full
    await unblock()
    expect(full).toBe(true)
    expect(await first).toEqual([1])
    expect(await published).toEqual([2, 3, 4, 5, 'storage-full', 'storage-full'])
    expect(log.full).toBe(false)
    expect(log.state.bytes).toBe(0)
    expect(await publish('ada', 'write', ...answers.slice(4))).toEqual([6, 7])
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

it('[EVT1] refuses a batch whose room the database has lost, and leaves no rejection that nobody hears', async () => {
  const { channels, room } = await start()
  room.end('storage-unavailable')
  const batch = channels.accept('desk:a', 'admin', [
    { type: 'desk.note', id: 'n1', payload: {} },
    { type: 'desk.changed', id: 'c1', payload: { note: 'n1' } },
  ])
  const published = channels.publishAll(room, { user: 'ada', role: 'admin' }, batch)
  await expect(published).rejects.toMatchObject({ code: 'storage-unavailable' })
})
