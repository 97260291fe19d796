import type { Session, Version } from './api.ts'

/** A line of the timeline. */
export type Row =
  | { readonly kind: 'day'; readonly key: string; readonly label: string }
  | { readonly kind: 'session'; readonly key: string; readonly session: Session }
  | { readonly kind: 'version'; readonly key: string; readonly version: Version }

/** In pixels. They are known before a row is drawn, so that a list of any length is laid out at once. */
const HEIGHTS: Readonly<Record<Row['kind'], number>> = { day: 40, session: 68, version: 44 }

/** Kept for what was about to happen, or given a name; those made at pauses say nothing that the sessions do not. */
const isShown = ({ kind, reason }: Version): boolean =>
  kind === 'named' || reason === 'restore' || reason === 'import'

/** Sessions by the day on which they began, newest first, each under the versions of positions in it. */
export function rowsOf(sessions: readonly Session[], now: number): readonly Row[] {
  const rows: Row[] = []
  let day = ''
  for (const session of sessions) {
    const label = dayLabel(session.startedAt, now)
    if (label !== day) rows.push({ kind: 'day', key: `day ${label}`, label })
    day = label
    for (const version of session.versions.filter(isShown).toReversed()) {
      rows.push({ kind: 'version', key: version.id, version })
    }
    rows.push({ kind: 'session', key: `session ${session.firstSeq}`, session })
  }
  return rows
}

/** Where each row begins, and at the end where the last one ends. */
export function offsetsOf(rows: readonly Row[]): readonly number[] {
  const offsets = [0]
  for (const { kind } of rows) offsets.push((offsets.at(-1) ?? 0) + HEIGHTS[kind])
  return offsets
}

const weekday = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long' })
const withYear = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full' })

function dayLabel(time: string, now: number): string {
  const [day, today] = [new Date(time), new Date(now)]
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1)
  if (day.toDateString() === today.toDateString()) return 'Today'
  if (day.toDateString() === yesterday.toDateString()) return 'Yesterday'
  return (day.getFullYear() === today.getFullYear() ? weekday : withYear).format(day)
}
