import { Button } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react'
import { type ReactNode, type RefObject, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { useFollow } from '../log/use-follow.ts'
import { useRows } from '../log/use-rows.ts'
import { useKeys } from '../shell/use-keys.ts'
import type { RoomEntry } from './api.ts'
import { EntryRow } from './entry-row.tsx'

interface EntryListProps {
  /** The newest last. */
  readonly entries: readonly RoomEntry[]
  readonly newestFirst: boolean
  readonly nameOf: (actor: string) => string
  readonly chosen: number | undefined
  readonly onChoose: (seq: number) => void
}

export function EntryList({ entries, newestFirst, ...props }: EntryListProps) {
  // Another order is another list, with a place of its own.
  return newestFirst ? (
    <NewestFirst key="first" entries={entries} {...props} />
  ) : (
    <NewestLast key="last" entries={entries} {...props} />
  )
}

type ListProps = Omit<EntryListProps, 'newestFirst'>

function NewestLast({ entries, ...props }: ListProps) {
  const host = useRef<HTMLDivElement>(null)
  const { following, follow } = useFollow(host, entries.length, entries.at(-1)?.seq, true)
  return (
    <Rows host={host} entries={entries} {...props}>
      {following ? null : (
        <Button
          className="log-end"
          size="sm"
          radius="xl"
          leftSection={<IconArrowDown size={16} />}
          onClick={follow}
        >
          To the newest
        </Button>
      )}
    </Rows>
  )
}

function NewestFirst({ entries, ...props }: ListProps) {
  const host = useRef<HTMLDivElement>(null)
  const reversed = useMemo(() => entries.toReversed(), [entries])
  const atTop = useSteady(host, reversed)
  return (
    <Rows host={host} entries={reversed} {...props}>
      {atTop ? null : (
        <Button
          className="log-end"
          size="sm"
          radius="xl"
          leftSection={<IconArrowUp size={16} />}
          onClick={() => host.current?.scrollTo({ top: 0 })}
        >
          To the newest
        </Button>
      )}
    </Rows>
  )
}

/** In pixels; inspector.css has the same. */
const useRowHeight = (): number =>
  useMediaQuery('(max-width: 48em)', undefined, { getInitialValueInEffect: false }) === true ? 60 : 36

/** Keeps what is read where it is while others are put before it; says whether the list is at its top. */
function useSteady(host: RefObject<HTMLElement | null>, entries: readonly RoomEntry[]): boolean {
  const height = useRowHeight()
  const [atTop, setAtTop] = useState(true)
  const newest = useRef(entries[0]?.seq)
  useLayoutEffect(() => {
    const before = newest.current
    newest.current = entries[0]?.seq
    const added = before === undefined ? 0 : entries.findIndex(({ seq }) => seq === before)
    const element = host.current
    if (element !== null && added > 0 && element.scrollTop > 0) element.scrollTop += added * height
  }, [host, entries, height])
  useEffect(() => {
    const element = host.current
    if (element === null) return
    const look = () => setAtTop(element.scrollTop < height)
    element.addEventListener('scroll', look, { passive: true })
    return () => element.removeEventListener('scroll', look)
  }, [host, height])
  return atTop
}

interface RowsProps extends ListProps {
  readonly host: RefObject<HTMLDivElement | null>
  readonly children: ReactNode
}

function Rows({ host, entries, nameOf, chosen, onChoose, children }: RowsProps) {
  const height = useRowHeight()
  const { first, end, reveal } = useRows(host, height, entries.length)
  const move = (by: 1 | -1) => {
    const at = entries.findIndex(({ seq }) => seq === chosen)
    const next = Math.min(entries.length - 1, Math.max(0, at === -1 ? 0 : at + by))
    const entry = entries[next]
    if (entry === undefined) return
    onChoose(entry.seq)
    reveal(next)
  }
  useKeys({ j: () => move(1), k: () => move(-1) })
  return (
    <div className="entries-frame">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <section className="entries" ref={host} tabIndex={0} aria-label="Entries">
        <ul className="plain-list" style={{ height: entries.length * height }}>
          {entries.slice(first, end).map((entry, index) => (
            <li
              key={entry.seq}
              className="entry-item"
              style={{ top: (first + index) * height, height }}
              aria-setsize={entries.length}
              aria-posinset={first + index + 1}
            >
              <EntryRow
                entry={entry}
                name={nameOf(entry.actor)}
                chosen={entry.seq === chosen}
                onChoose={onChoose}
              />
            </li>
          ))}
        </ul>
      </section>
      {children}
    </div>
  )
}
