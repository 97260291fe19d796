import { beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import { Attention } from '../../client/sdk/attention.ts'

const page = Object.assign(new EventTarget(), { visibilityState: 'visible' })
const tab = new EventTarget()

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('window', tab)
  vi.stubGlobal('document', page)
  onTestFinished(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })
})

const watched = (): { readonly attention: Attention; readonly told: boolean[] } => {
  const attention = new Attention()
  const told: boolean[] = []
  attention.subscribe(() => told.push(attention.away))
  onTestFinished(() => attention.end())
  return { attention, told }
}

const input = (name: string): boolean => tab.dispatchEvent(new Event(name))

function show(visibilityState: string): void {
  page.visibilityState = visibilityState
  page.dispatchEvent(new Event('visibilitychange'))
}

it('[PRE26] nobody looks once there was no input for five minutes, until there is some', () => {
  const { attention, told } = watched()
  vi.advanceTimersByTime(4 * 60_000)
  input('pointermove')
  vi.advanceTimersByTime(4 * 60_000)
  expect(attention.away).toBe(false)
  vi.advanceTimersByTime(61_000)
  expect(told).toEqual([true])
  input('keydown')
  expect(told).toEqual([true, false])
  vi.advanceTimersByTime(5 * 60_000)
  expect(told).toEqual([true, false, true])
})

it('[PRE26] nobody looks at a page that is hidden, and somebody does who shows it again', () => {
  const { attention, told } = watched()
  show('hidden')
  expect(told).toEqual([true])
  vi.advanceTimersByTime(60 * 60_000)
  show('visible')
  expect(told).toEqual([true, false])
  attention.end()
  show('hidden')
  expect(told).toEqual([true, false])
  show('visible')
})
