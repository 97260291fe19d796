import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { RoomLog } from '../../server/log/room-log.ts'
import { HeldAcknowledgements, HoldingSocket } from '../../server/realtime/held-acknowledgements.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const STATUS = Uint8Array.of(1, 97, 8, 1)
const frame = (kind: 'step2' | 'update') => ({ kind, update: new Uint8Array(10), runs: [], since: 0 })

function socketOf() {
  const sent: unknown[] = []
  const below = { readyState: 1, send: (data: unknown) => sent.push(data), close: () => undefined }
  // All is committed at once: what is sent here is what is not owed.
  const log = { appended: 0, committed: 0, onCommit: () => () => undefined } as unknown as RoomLog
  const outOfStep = vi.fn()
  const events = { sound: () => true, holds: vi.fn(() => true), outOfStep }
  const socket = new HoldingSocket(below, new HeldAcknowledgements(log), events)
  return { socket, sent, outOfStep, holds: events.holds }
}

/** An update of which part builds on what is not there. */
function leaveGap(socket: HoldingSocket): void {
  socket.handling(frame('update'))
  socket.leftGap()
  socket.send(STATUS)
}

it('[DOC29] waits ten seconds for the handshake that brings what is missing', () => {
  const { socket, sent, outOfStep } = socketOf()
  leaveGap(socket)
  vi.advanceTimersByTime(9_999)
  expect([sent.length, outOfStep.mock.calls.length]).toEqual([0, 0])
  vi.advanceTimersByTime(1)
  expect(outOfStep).toHaveBeenCalledOnce()
})

it('[DOC29] waits no longer once it has come, or the client has gone', () => {
  const { socket, sent, outOfStep } = socketOf()
  leaveGap(socket)
  socket.handling(frame('step2'))
  socket.send(STATUS)
  expect(sent).toHaveLength(2)
  const gone = socketOf()
  leaveGap(gone.socket)
  gone.socket.closed()
  vi.advanceTimersByTime(60_000)
  expect([outOfStep.mock.calls.length, gone.outOfStep.mock.calls.length]).toEqual([0, 0])
})

it('[ACK4] answers nothing before what it owes: by their order a client knows which frame is saved', () => {
  const { socket, sent } = socketOf()
  const refused = Uint8Array.of(1, 97, 8, 0)
  leaveGap(socket)
  socket.handling(frame('update'))
  socket.send(STATUS)
  socket.handling(frame('update'))
  socket.send(refused)
  expect(sent).toEqual([])
  socket.handling(frame('step2'))
  socket.send(STATUS)
  expect(sent).toEqual([STATUS, STATUS, refused, STATUS])
})

it('[DOC4] takes no SyncStep2 for the one that brings what is owed, where the document does not have it then', () => {
  const { socket, sent, holds } = socketOf()
  leaveGap(socket)
  holds.mockReturnValueOnce(false)
  socket.handling(frame('step2'))
  socket.send(STATUS)
  expect(sent).toEqual([])
  socket.handling(frame('step2'))
  socket.send(STATUS)
  expect(sent).toEqual([STATUS, STATUS, STATUS])
})

it('[DOC29] looks for what is owed behind two SyncStep2, and not behind any number of them', () => {
  const { socket, sent, outOfStep, holds } = socketOf()
  holds.mockReturnValue(false)
  leaveGap(socket)
  const closed = [1, 2].map(() => {
    socket.handling(frame('step2'))
    socket.send(STATUS)
    return outOfStep.mock.calls.length
  })
  expect([closed, sent]).toEqual([[0, 1], []])
})
