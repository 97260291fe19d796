import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Client,
  EMPTY_INBOX,
  type EventOf,
  foldInbox,
  groupNotifications,
  inboxOf,
} from '../../client/sdk/index.ts'
import { inboxFollower } from '../../server/notifications/inbox-follower.ts'
import { readInbox } from '../../server/notifications/inbox-table.ts'
import { database, openLog, openRoom } from '../log/fixture.ts'

/** What a device says, about what it has seen of the inbox. */
type Act =
  | { readonly type: 'user.notified'; readonly group: number }
  | {
      readonly type: 'user.read' | 'user.unread' | 'user.archived' | 'user.unarchived'
      readonly which: number
    }
  | { readonly type: 'user.seen' | 'user.all_read'; readonly until: number }

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('user.notified' as const), group: fc.nat(2) }) },
  fc.record({
    type: fc.constantFrom('user.read', 'user.unread', 'user.archived', 'user.unarchived'),
    which: fc.nat(20),
  }),
  fc.record({ type: fc.constantFrom('user.seen', 'user.all_read'), until: fc.nat(60) }),
)

/** A log as the server orders it, whichever device said what, and however late. */
const eventsOf = (acts: readonly Act[]): readonly EventOf[] =>
  acts.map((one, index) => {
    const seq = index + 1
    const payload =
      one.type === 'user.notified'
        ? { category: 'build', title: `number ${seq}`, group: `g${one.group}` }
        : 'which' in one
          ? { ids: [`e${one.which}`] }
          : { until: one.until }
    // A union whose type and payload go together, which TypeScript does not see.
    return { seq, id: `e${seq}`, type: one.type, actor: 'ada', at: seq, payload } as unknown as EventOf
  })

describe('an inbox', () => {
  it('[NOTE20] is the same whichever way its events come: at once, one by one, or some of them again', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), fc.nat(60), (acts, cut) => {
        const events = eventsOf(acts)
        const whole = foldInbox(EMPTY_INBOX, events)
        expect(foldInbox(foldInbox(EMPTY_INBOX, events.slice(0, cut)), events.slice(cut))).toEqual(whole)
        // What is counted is what can be seen.
        const unread = whole.notifications.filter(({ read, archived }) => !read && !archived)
        expect(whole.unread).toBe(unread.length)
        expect(whole.unseen).toBe(unread.filter(({ seq }) => seq > whole.seenUntil).length)
        expect(
          groupNotifications(whole.notifications).flatMap(({ notifications }) => notifications),
        ).toHaveLength(whole.notifications.length)
      }),
    )
  })

  it('[NOTE20] of which a page is known goes on from there to the same, or says that it does not know', () => {
    let known = 0
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), fc.nat(60), fc.nat(10), (acts, at, limit) => {
        const events = eventsOf(acts)
        const before = foldInbox(EMPTY_INBOX, events.slice(0, at))
        const kept = before.notifications.filter(({ archived }) => !archived)
        const page = { ...before, notifications: kept.slice(0, limit), complete: kept.length < limit }
        const after = foldInbox({ ...page, stale: false }, events.slice(at))
        if (after.stale) return
        known += 1
        const whole = foldInbox(EMPTY_INBOX, events)
        expect(after).toMatchObject({
          unread: whole.unread,
          unseen: whole.unseen,
          seenUntil: whole.seenUntil,
        })
        const there = new Map(whole.notifications.map((one) => [one.id, one]))
        for (const one of after.notifications) expect(one).toEqual(there.get(one.id))
      }),
      { numRuns: 300 },
    )
    expect(known).toBeGreaterThan(30)
  })

  it('[NOTE20] is read page by page, and anew where a page knows more than the events have told', async () => {
    let seq = 600
    const all = Array.from({ length: 600 }, (_, n) => ({
      id: `e${600 - n}`,
      seq: 600 - n,
      read: false,
      archived: false,
    }))
    const get = async (path: string) => {
      const query = new URLSearchParams(path.slice(path.indexOf('?')))
      const [before, limit] = [Number(query.get('before') ?? seq + 1), Number(query.get('limit'))]
      const rest = all.filter((one) => one.seq < before)
      const notifications = rest.slice(0, limit)
      const next = rest.length > limit ? notifications.at(-1)?.seq : null
      const unread = all.filter(({ read }) => !read).length
      return { notifications, next, seq, unread, unseen: unread, seenUntil: 0, preferences: {}, names: {} }
    }
    let told: (events: readonly EventOf[]) => void = () => undefined
    const listen = ({ events }: { events: typeof told }) => {
      told = events
      return () => undefined
    }
    const nothing = () => undefined
    const room = { name: 'user:ada', listen, release: nothing, onUnsent: () => nothing }
    const inbox = inboxOf({
      api: { get },
      whoAmI: async () => ({ id: 'ada' }),
      room: () => room,
    } as unknown as Client)
    const stop = inbox.subscribe(() => undefined)
    const ids = () => inbox.getState().notifications.map(({ id }) => id)
    const settled = () => expect.poll(() => inbox.getState().loading, { interval: 1 }).toBe(false)
    await settled()
    for (let length = 50; length < 600; length += 50) {
      expect(ids()).toHaveLength(length)
      // Somebody else reads one of those that come next.
      if (length === 550) {
        seq = 601
        Object.assign(all[580] ?? {}, { read: true })
      }
      inbox.loadMore()
      await settled()
    }
    expect(ids()).toEqual(all.map(({ id }) => id))
    expect(inbox.getState()).toMatchObject({ complete: true, unread: 600 })
    told([{ seq, id: 'r', type: 'user.read', actor: 'ada', at: 0, payload: { ids: [all[580]?.id ?? ''] } }])
    await settled()
    expect(ids()).toEqual(all.map(({ id }) => id))
    expect(inbox.getState()).toMatchObject({ complete: true, unread: 599 })
    stop()
  })

  it('[NOTE20] has a control: a count that forgets what is archived is found out', () => {
    const careless = (events: readonly EventOf[]): number =>
      events.filter(({ type }) => type === 'user.notified').length -
      new Set(
        events.flatMap(({ type, payload }) =>
          type === 'user.read' ? (payload as { ids: string[] }).ids : [],
        ),
      ).size
    expect(() =>
      fc.assert(
        fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
          const events = eventsOf(acts)
          expect(careless(events)).toBe(foldInbox(EMPTY_INBOX, events).unread)
        }),
      ),
    ).toThrow()
  })

  it('[NOTE21] is in the database what it is on a device', async () => {
    const { db } = await database()
    const log = openLog(db)
    let run = 0
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 40 }), async (acts) => {
        run += 1
        const name = `user:p${run}`
        const room = await openRoom(log, name)
        const events = eventsOf(acts)
        for (const { id, type, at, actor, payload } of events)
          room.append({ actor, at, bytes: Buffer.from(JSON.stringify(payload)), event: { type, id } })
        await room.durable()
        const stored = events.map(({ payload, ...event }) => ({ ...event, payload: JSON.stringify(payload) }))
        await inboxFollower.follow(db.pool, { id: room.id, name }, stored)
        const whole = foldInbox(EMPTY_INBOX, events)
        const all = { before: Number.MAX_SAFE_INTEGER, limit: 500 }
        for (const filter of ['kept', 'unread', 'archived'] as const) {
          const { notifications, ...counted } = await readInbox(db.pool, name, {
            ...all,
            filter,
            whose: 'own',
          })
          expect(counted).toMatchObject({
            unread: whole.unread,
            unseen: whole.unseen,
            seenUntil: whole.seenUntil,
          })
          const shown = whole.notifications.filter(({ read, archived }) =>
            filter === 'archived' ? archived : !archived && (filter === 'kept' || !read),
          )
          expect(notifications).toEqual(shown)
        }
      }),
      { numRuns: 15 },
    )
  })
})
