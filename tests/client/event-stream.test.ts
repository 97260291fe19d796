import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { EventStream } from '../../client/sdk/events/stream.ts'
import type { EventOf } from '../../client/sdk/index.ts'

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
})
