import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { EventStream } from '../../client/sdk/events/stream.ts'
import { type EventOf, Folded, Room } from '../../client/sdk/index.ts'

const event = (seq: number): EventOf => ({
  seq,
  id: `e${seq}`,
  type: 'build.queued',
  actor: 'ada',
  at: 0,
  payload: {},
})

/** A server's end that sends every frame twice, and drops the connection in the middle whenever it is told to. */
class CarelessServer {
  readonly #stream: EventStream
  /** What travelled, as it travelled. */
  readonly frames: number[] = []
  #head = 0
  #after: number | undefined

  constructor(listen: (stream: EventStream) => void) {
    this.#stream = new EventStream((after) => {
      this.#after = after ?? this.#head
      this.#stream.said({ type: 'resuming', after: this.#after })
      this.#send(this.#after)
      this.#stream.said({ type: 'resumed', head: this.#head })
    })
    listen(this.#stream)
  }

  async connect(): Promise<void> {
    this.#stream.setConnected(true)
    await Promise.resolve()
    await Promise.resolve()
  }

  drop(): void {
    this.#after = undefined
    this.#stream.setConnected(false)
  }

  publish(count: number): void {
    const before = this.#head
    this.#head += count
    if (this.#after !== undefined) this.#send(before)
  }

  #send(after: number): void {
    const seqs = Array.from({ length: this.#head - after }, (_, i) => after + i + 1)
    // The older half comes once more, after the newer one: too late as well as twice.
    const half = seqs.slice(0, Math.ceil(seqs.length / 2))
    for (const frame of [seqs, half, seqs]) {
      this.frames.push(...frame)
      this.#stream.said({ type: 'event', events: frame.map(event) })
    }
  }
}

const act = fc.oneof(
  fc.constant('connect' as const),
  fc.constant('drop' as const),
  fc.integer({ min: 1, max: 5 }),
)

/** What is thrown to nobody while `during` runs, which is no failure of the test. */
const thrown = async (during: () => void): Promise<readonly unknown[]> => {
  const errors: unknown[] = []
  const before = process.listeners('uncaughtException')
  for (const listener of before) process.off('uncaughtException', listener)
  const caught = (error: unknown) => errors.push(error)
  process.on('uncaughtException', caught)
  during()
  await new Promise((resolve) => setImmediate(resolve))
  process.off('uncaughtException', caught)
  for (const listener of before) process.on('uncaughtException', listener)
  return errors
}

const asking = () => {
  const asked: (number | null)[] = []
  const stream = new EventStream((after) => asked.push(after))
  stream.setConnected(true)
  return { asked, stream }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('the stream of a room’s events', () => {
  it('[EVT42] tells each once and in order, whatever comes twice, late, or not at all for a while', async () => {
    const run = fc.asyncProperty(fc.array(act, { maxLength: 40 }), async (acts) => {
      const told: number[] = []
      const server = new CarelessServer((stream) => {
        stream.listen({ events: (events) => told.push(...events.map(({ seq }) => seq)) }, 'start')
      })
      let head = 0
      for (const next of [...acts, 'connect' as const]) {
        if (next === 'connect') await server.connect()
        else if (next === 'drop') server.drop()
        else {
          head += next
          server.publish(next)
        }
      }
      expect(told).toEqual(Array.from({ length: head }, (_, i) => i + 1))
    })
    await fc.assert(run, { numRuns: 200 })
  })

  it('[EVT42] has a control: what travels really comes twice and out of order', async () => {
    const server = new CarelessServer((stream) => {
      stream.listen({ events: () => undefined }, 'start')
    })
    await server.connect()
    server.publish(4)
    expect(server.frames).toEqual([1, 2, 3, 4, 1, 2, 1, 2, 3, 4])
  })

  it('[EVT42] does not take what was on its way for an earlier question for what a later one asks', () => {
    const told: number[] = []
    const stream = new EventStream(() => undefined)
    stream.setConnected(true)
    stream.listen({ events: () => undefined }, 'now')
    stream.said({ type: 'resuming', after: 100 })
    stream.said({ type: 'resumed', head: 100 })
    stream.listen({ events: (events) => told.push(...events.map(({ seq }) => seq)) }, 98)
    stream.said({ type: 'event', events: [event(101)] })
    expect(told).toEqual([])
    stream.said({ type: 'resuming', after: 98 })
    stream.said({ type: 'event', events: [99, 100, 101].map(event) })
    expect(told).toEqual([99, 100, 101])
  })

  it('[EVT41] asks again, from where it stands, where the server could not go on', async () => {
    vi.useFakeTimers()
    onTestFinished(() => {
      vi.useRealTimers()
    })
    const asked: (number | null)[] = []
    const stream = new EventStream((after) => asked.push(after))
    stream.setConnected(true)
    stream.listen({ events: () => undefined }, 'start')
    await vi.runAllTimersAsync()
    stream.said({ type: 'resuming', after: 0 })
    stream.said({ type: 'event', events: [event(1), event(2)] })
    stream.said({ type: 'reject', id: 'resume', code: 'storage-unavailable', message: '', retryable: true })
    expect(asked).toEqual([0])
    await vi.runAllTimersAsync()
    expect(asked).toEqual([0, 2])
    stream.said({ type: 'reject', id: 'resume', code: 'room-deleted', message: '', retryable: false })
    await vi.runAllTimersAsync()
    expect(asked).toEqual([0, 2])
  })

  it('[EVT42] goes on with the others where one listener throws or stops in the middle', async () => {
    const told: string[] = []
    const stream = new EventStream(() => undefined)
    stream.setConnected(true)
    stream.said({ type: 'resuming', after: 0 })
    const uncaught = new Promise((resolve) => process.once('uncaughtException', resolve))
    const before = process.listeners('uncaughtException').slice(0, -1)
    for (const listener of before) process.off('uncaughtException', listener)
    stream.listen(
      {
        events: () => {
          stop()
          throw new Error('mine')
        },
      },
      'start',
    )
    const stop = stream.listen({ events: () => told.push('stopped') }, 'start')
    stream.listen({ events: () => told.push('other') }, 'start')
    stream.said({ type: 'event', events: [event(1)] })
    expect(await uncaught).toMatchObject({ message: 'mine' })
    for (const listener of before) process.on('uncaughtException', listener)
    expect(told).toEqual(['other'])
  })

  it.each([
    ['begins', [], { type: 'resuming', after: 5 }],
    ['says its head, where another listener began', [0], { type: 'resuming', after: 0, head: 5 }],
  ] as const)('[EVT41] from now on is from where the server %s', async (_, others, resuming) => {
    const { stream } = asking()
    const told: number[] = []
    for (const from of others) stream.listen({ events: () => undefined }, from)
    stream.listen({ events: (events) => told.push(...events.map(({ seq }) => seq)) }, 'now')
    await turn()
    stream.said(resuming)
    stream.said({
      type: 'event',
      events: [event(3), event(5), event(6)].filter(({ seq }) => seq > resuming.after),
    })
    stream.said({ type: 'resumed', head: 6 })
    expect(told).toEqual([6])
  })

  it('[EVT41] asks again where the stream begins above what somebody has', async () => {
    const { asked, stream } = asking()
    stream.listen({ events: () => undefined }, 10)
    await turn()
    stream.said({ type: 'resuming', after: 1000 })
    await turn()
    expect(asked).toEqual([10, 10])
    stream.said({ type: 'resuming', after: 10 })
    await turn()
    expect(asked).toEqual([10, 10])
  })

  it('[EVT41] says when a listener has all that there is, and why it is told nothing', async () => {
    const { stream } = asking()
    const told: string[] = []
    const listen = (name: string, from: number | 'start') =>
      stream.listen(
        {
          events: () => undefined,
          caughtUp: () => told.push(`${name} has all`),
          refused: ({ code }) => told.push(`${name}: ${code}`),
        },
        from,
      )
    listen('one', 'start')
    await turn()
    stream.said({ type: 'resuming', after: 0 })
    stream.said({ type: 'event', events: [event(1)] })
    expect(told).toEqual([])
    stream.said({ type: 'resumed', head: 2 })
    expect(told).toEqual(['one has all'])
    listen('other', 2)
    listen('late', 'start')
    await turn()
    expect(told).toEqual(['one has all', 'other has all'])
    stream.said({ type: 'reject', id: 'resume', code: 'forbidden', message: '', retryable: false })
    expect(told.slice(2)).toEqual(['one: forbidden', 'other: forbidden', 'late: forbidden'])
  })

  it('[EVT42] gives a fold what came with an event that it fails at', async () => {
    const { stream } = asking()
    const room = { listen: stream.listen.bind(stream) } as unknown as Room
    const fold = (seqs: readonly number[], events: readonly EventOf[]): readonly number[] => {
      if (events.some(({ seq }) => seq === 2)) throw new Error('mine')
      return [...seqs, ...events.map(({ seq }) => seq)]
    }
    const made = new Folded<readonly number[]>(room, { empty: [], fold })
    made.subscribe(() => undefined)
    await turn()
    stream.said({ type: 'resuming', after: 0 })
    const errors = await thrown(() => stream.said({ type: 'event', events: [1, 2, 3].map(event) }))
    expect(errors).toMatchObject([{ message: 'mine' }])
    expect(made.getState()).toEqual([1, 3])
    expect(made.getTold().caughtUp).toBe(false)
    stream.said({ type: 'resumed', head: 3 })
    expect(made.getTold().caughtUp).toBe(true)
  })

  it('[EVT42] calls back with the rest of what came together where one call fails, and not once it is stopped', async () => {
    const { stream } = asking()
    const room = { listen: stream.listen.bind(stream) } as unknown as Room
    const told: unknown[][] = []
    const stop = Room.prototype.on.call(
      room,
      'build.queued',
      (...given: unknown[]) => {
        told.push(given)
        if (told.length === 1) throw new Error('mine')
        if (told.length === 2) stop()
      },
      'start',
    )
    stream.said({ type: 'resuming', after: 0 })
    const errors = await thrown(() => stream.said({ type: 'event', events: [1, 2, 3].map(event) }))
    expect(errors).toMatchObject([{ message: 'mine' }])
    expect(told).toEqual([[event(1)], [event(2)]])
  })
})
