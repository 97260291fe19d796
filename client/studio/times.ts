const STEPS = [
  { unit: 'year', seconds: 31_557_600 },
  { unit: 'month', seconds: 2_629_800 },
  { unit: 'week', seconds: 604_800 },
  { unit: 'day', seconds: 86_400 },
  { unit: 'hour', seconds: 3_600 },
  { unit: 'minute', seconds: 60 },
] as const

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const exact = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' })

export function ago(time: string, now: number = Date.now()): string {
  const seconds = (Date.parse(time) - now) / 1000
  for (const { unit, seconds: length } of STEPS) {
    if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit)
  }
  return 'just now'
}

const hours = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short' })

export const hourOf = (time: number): string => hours.format(time)

export const exactly = (time: string): string => exact.format(Date.parse(time))
