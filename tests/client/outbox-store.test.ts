import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { IndexedStore } from '../../client/sdk/events/indexed-store.ts'
import { Outbox, type OutboxOptions } from '../../client/sdk/events/outbox.ts'
import {
  MemoryStore,
  MemoryStores,
  type Outcome,
  type Waiting,
} from '../../client/sdk/events/outbox-store.ts'
import { RoomEvents } from '../../client/sdk/events/room-events.ts'
import { buildLog, type Refusal, type Room } from '../../client/sdk/index.ts'
import { BUILT_IN } from '../../server/channels/kinds/built-in.ts'
import { Registry } from '../../server/channels/registry.ts'

/** A store whose connection is lost when the test says so. */
class LostStore extends MemoryStore {
  lost: Error | undefined
  override async add(events: readonly Waiting[]): Promise<void> {
    if (this.lost !== undefined) throw this.lost
    return super.add(events)
  }
  override async first(limit: number): Promise<readonly Waiting[]> {
    if (this.lost !== undefined) throw this.lost
    return super.first(limit)
  }
  override async count(): Promise<number> {
    if (this.lost !== undefined) throw this.lost
    return super.count()
  }
}

const gone = new Error('The connection to the database was lost')

type Refused = Outcome & { readonly refusal: Refusal }

/** An outbox at a server that takes everything. */
const taking = (open: OutboxOptions['open'], refused: (event: Refused) => void = () => undefined) => {
  const sent: string[] = []
  const outbox: Outbox = new Outbox({
    open,
    settled: (outcome) => {
      if ('refusal' in outcome) refused(outcome)
    },
    found: () => undefined,
    changed: () => undefined,
    send: (message) => {
      const { events } = JSON.parse(message) as { events: readonly Waiting[] }
      queueMicrotask(() => {
        sent.push(...events.map(({ id }) => id))
        outbox.said({ type: 'ack', events: events.map(({ id }) => ({ id, seq: sent.indexOf(id) + 1 })) })
      })
    },
  })
  onTestFinished(() => outbox.close())
  return { outbox, sent }
}

const turns = async () => {
  for (let i = 0; i < 5; i += 1) await new Promise((resolve) => setImmediate(resolve))
}

describe('what waits to be sent', () => {
  it.each([
    ['opens again', true],
    ['does not', false],
  ])('[EVT44] goes on where its store is lost, and %s', async (_, opensAgain) => {
    const store = new LostStore()
    let opened = 0
    const { outbox, sent } = taking(async () => {
      opened += 1
      if (opensAgain) store.lost = undefined
      return store
    })
    outbox.setOwner('ada')
    void outbox.publish('build.queued', {}, 'before')
    await turns()
    store.lost = gone
    const after = outbox.publish('build.queued', {}, 'after')
    await turns()
    outbox.setConnected(true)
    expect((await after).id).toBe('after')
    await outbox.publish('build.queued', {}, 'last')
    await turns()
    expect(sent).toEqual(['before', 'after', 'last'])
    expect(outbox.waiting).toBe(0)
    expect(opened).toBe(2)
  })

  it.each([
    ['which is published next', (outbox: Outbox) => void outbox.publish('build.queued', {}, 'after')],
    ['what is waiting is looked for', (outbox: Outbox) => outbox.setConnected(true)],
  ])(
    '[EVT46] goes on with what waits where its store is lost and another one opens: as %s',
    async (_, then) => {
      const stores = [new LostStore(), new LostStore()]
      const { outbox, sent } = taking(async () => stores.shift() ?? new MemoryStore())
      const [first, second] = stores
      if (first === undefined || second === undefined) throw new Error('no stores')
      outbox.setOwner('ada')
      const waiting = ['one', 'two'].map((id) => outbox.publish('build.queued', {}, id))
      await turns()
      first.lost = gone
      // Another page of the device has put it there already.
      await second.add([{ id: 'one', type: 'build.queued', payload: '{}' }])
      then(outbox)
      await turns()
      outbox.setConnected(true)
      await outbox.publish('build.queued', {}, 'last')
      expect(sent.filter((id) => id !== 'after')).toEqual(['one', 'two', 'last'])
      expect((await Promise.all(waiting)).map(({ id }) => id)).toEqual(['one', 'two'])
    },
  )

  it('[EVT45] is refused only where the device is full', async () => {
    const full = new LostStore()
    const codes: string[] = []
    const { outbox } = taking(
      async () => full,
      ({ refusal }) => codes.push(refusal.code),
    )
    outbox.setOwner('ada')
    await turns()
    full.add = () => Promise.reject(new DOMException('', 'QuotaExceededError'))
    await expect(outbox.publish('build.queued', {})).rejects.toThrow()
    expect(codes).toEqual(['outbox-full'])
  })

  it('[EVT45] is bounded together with what was refused and stays', async () => {
    const store = new MemoryStore()
    const refusal = { code: 'event-invalid', message: '', retryable: false } as const
    await store.settle(
      Array.from({ length: 10_000 }, (_, i) => ({
        id: `${i}`,
        type: 'chat.message',
        payload: '{}',
        keepRefused: true,
        refusal,
      })),
    )
    const { outbox } = taking(async () => store)
    outbox.setOwner('ada')
    await turns()
    await expect(outbox.publish('build.queued', {})).rejects.toMatchObject({ cause: { code: 'outbox-full' } })
    outbox.forget('0')
    expect(outbox.refused).toHaveLength(9_999)
    outbox.setConnected(true)
    await outbox.publish('build.queued', {})
    expect(await store.refused()).toHaveLength(9_999)
  })

  it('[EVT46] is whose it was when it was published', async () => {
    const boxes = new Map<string, MemoryStore>()
    const { outbox } = taking(async (owner) => {
      const store = boxes.get(owner) ?? new MemoryStore()
      boxes.set(owner, store)
      return store
    })
    outbox.setOwner('ada')
    void outbox.publish('build.queued', {}, 'ada’s')
    outbox.setOwner('eve')
    void outbox.publish('build.queued', {}, 'eve’s')
    await turns()
    const ids = async (owner: string) => (await boxes.get(owner)?.first(9))?.map(({ id }) => id)
    expect([await ids('ada'), await ids('eve')]).toEqual([['ada’s'], ['eve’s']])
    expect(outbox.waiting).toBe(1)
  })

  it('[EVT46] is kept in one store a person, and what comes of it is told to no other', async () => {
    const heard: ((outcomes: readonly Outcome[]) => void)[] = []
    const told: string[] = []
    const { outbox } = taking(
      async (_owner, hear) => {
        heard.push(hear)
        return new MemoryStore()
      },
      ({ id }) => told.push(id),
    )
    for (const owner of ['ada', 'eve', 'ada', 'eve']) {
      outbox.setOwner(owner)
      await turns()
    }
    expect(heard).toHaveLength(2)
    const refusal = { code: 'event-invalid', message: '', retryable: false } as const
    heard[0]?.([{ id: 'ada’s', type: 'build.queued', payload: '{}', refusal }])
    heard[1]?.([{ id: 'eve’s', type: 'build.queued', payload: '{}', refusal }])
    expect(told).toEqual(['eve’s'])
  })

  it('[EVT46] is told to nobody who came while it was on its way', async () => {
    const told: string[] = []
    const sent: string[] = []
    const outbox = new Outbox({
      open: async () => new MemoryStore(),
      send: (message) => sent.push(message),
      settled: ({ id }) => told.push(id),
      found: () => undefined,
      changed: () => undefined,
    })
    onTestFinished(() => outbox.close())
    outbox.setOwner('ada')
    outbox.setConnected(true)
    const published = outbox.publish('build.queued', {}, 'ada’s')
    await vi.waitUntil(() => sent.length === 1)
    outbox.setOwner('eve')
    outbox.said({ type: 'reject', id: 'ada’s', code: 'event-invalid', message: '', retryable: false })
    await expect(published).rejects.toMatchObject({ cause: { code: 'event-invalid' } })
    await turns()
    expect(told).toEqual([])
  })

  it('[EVT46] does not wait for a database that does not open, and closes one that opens late', async () => {
    vi.useFakeTimers()
    const opening = { result: { close: vi.fn() }, onsuccess: () => undefined }
    vi.stubGlobal('indexedDB', { open: () => opening })
    onTestFinished(() => {
      vi.useRealTimers()
      vi.unstubAllGlobals()
    })
    const opened = IndexedStore.open('outbox', 'box', true, () => undefined).catch((error) => error)
    await vi.advanceTimersByTimeAsync(3_000)
    expect(await opened).toBeInstanceOf(Error)
    opening.onsuccess()
    await vi.advanceTimersByTimeAsync(0)
    expect(opening.result.close).toHaveBeenCalledOnce()
  })

  it('[EVT42] settles the others where one who hears of a refusal fails', async () => {
    const errors: unknown[] = []
    const before = process.listeners('uncaughtException')
    for (const listener of before) process.off('uncaughtException', listener)
    const caught = (error: unknown) => errors.push(error)
    process.on('uncaughtException', caught)
    const events = new RoomEvents({
      room: 'build:1',
      database: undefined,
      copied: false,
      memory: new MemoryStores(),
      changed: () => undefined,
      send: () => undefined,
    })
    onTestFinished(() => events.outbox.close())
    events.onRefused(() => {
      throw new Error('mine')
    })
    events.outbox.setOwner('ada')
    events.setConnected(true)
    const receipts = ['a', 'b', 'c'].map((id) => events.outbox.publish('build.queued', {}, id))
    const settled = Promise.allSettled(receipts)
    await turns()
    for (const id of ['a', 'b'])
      events.said({ type: 'reject', id, code: 'event-invalid', message: '', retryable: false })
    events.said({ type: 'ack', events: [{ id: 'c', seq: 1 }] })
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled'])
    await turns()
    process.off('uncaughtException', caught)
    for (const listener of before) process.on('uncaughtException', listener)
    expect(errors).toHaveLength(2)
  })

  it.each(['publish', 'resume'])('[EVT4] has no id that is what is said of a message: %s', async (id) => {
    const { outbox } = taking(async () => new MemoryStore())
    await expect(outbox.publish('build.queued', {}, id)).rejects.toMatchObject({
      cause: { code: 'event-invalid' },
    })
    const channels = new Registry(BUILT_IN)
    expect(() => channels.accept('build:1', 'write', { type: 'build.queued', id, payload: {} })).toThrow(id)
  })
})

describe('a build’s log', () => {
  it('[EVT47] takes no lines after some that were refused', async () => {
    const publish = vi.fn(() => Promise.reject(new Error('refused')))
    const log = buildLog({ publish } as unknown as Room)
    await log.write(['one'])
    await expect(log.end()).rejects.toThrow('refused')
    await expect(log.write(Array.from({ length: 500 }, () => 'more'))).rejects.toThrow('refused')
    expect(publish).toHaveBeenCalledOnce()
  })
})
