import { expect, it, onTestFinished, vi } from 'vitest'
import type { Channels } from '../../server/channels/channels.ts'
import { EventStream } from '../../server/channels/event-stream.ts'
import { Streams } from '../../server/channels/streams.ts'
import type { RoomLog } from '../../server/log/room-log.ts'

const HEARTBEAT = 12_000

/** A stream that one commit of 4 MiB has come to, and that has been told so often to look whether it is read. */
function stream() {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const tooSlow = vi.fn()
  const made = new EventStream({
    channels: {
      subscribe: () => ({ wake: () => undefined, end: () => undefined }),
      streams: new Streams(),
    } as unknown as Channels,
    name: 'build:1',
    room: {} as RoomLog,
    after: 0,
    mayRead: () => true,
    hears: () => true,
    visit: { role: 'read', ended: new AbortController().signal, tooSlow, leave: () => undefined },
    answer: undefined,
    left: () => undefined,
  })
  const payload = JSON.stringify('x'.repeat(1024 * 1024))
  made.events(
    [1, 2, 3, 4].map((seq) => ({ seq, id: `${seq}`, type: 'build.log', actor: 'ada', at: 0, payload })),
  )
  const reader = made.response.body?.getReader()
  const read = async () => (await reader?.read())?.value?.length ?? 0
  return { tooSlow, read, beat: () => vi.advanceTimersByTime(HEARTBEAT) }
}

it('[EVT24] lets nobody go who takes 64 KiB between two heartbeats', async () => {
  const { tooSlow, read, beat } = stream()
  await read()
  beat()
  for (let i = 0; i < 20; i += 1) {
    expect(await read()).toBeLessThanOrEqual(64 * 1024)
    beat()
  }
  expect(tooSlow).not.toHaveBeenCalled()
})

it('[EVT24] has a control: who takes nothing is let go', async () => {
  const { tooSlow, read, beat } = stream()
  await read()
  beat()
  expect(tooSlow).not.toHaveBeenCalled()
  beat()
  expect(tooSlow).toHaveBeenCalledOnce()
})
