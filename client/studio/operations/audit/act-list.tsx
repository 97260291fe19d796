import { useMediaQuery } from '@mantine/hooks'
import { useEffect, useRef } from 'react'
import { colorFor } from '../../../sdk/index.ts'
import { useRows } from '../../log/use-rows.ts'
import { PersonAvatar } from '../../shell/person-avatar.tsx'
import { ago, exactly } from '../../times.ts'
import type { Act } from './act.ts'
import { actWords } from './audit-words.ts'

interface ActListProps {
  readonly acts: readonly Act[]
  readonly loadMore: (() => void) | undefined
  readonly onOpen: (act: Act) => void
}

/** In pixels; audit.css has the same. */
const useRowHeight = (): number =>
  useMediaQuery('(max-width: 48em)', undefined, { getInitialValueInEffect: false }) === true ? 84 : 48

/** However many there are, those are drawn that are seen, and more are read when their end is near. */
export function ActList({ acts, loadMore, onOpen }: ActListProps) {
  const host = useRef<HTMLDivElement>(null)
  const height = useRowHeight()
  const { first, end } = useRows(host, height, acts.length)
  useEffect(() => {
    if (end >= acts.length) loadMore?.()
  }, [end, acts.length, loadMore])
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <section className="acts" ref={host} tabIndex={0} aria-label="Acts">
      <ul className="plain-list" style={{ height: acts.length * height }}>
        {acts.slice(first, end).map((act, index) => (
          <li
            key={act.id}
            className="act-item"
            style={{ top: (first + index) * height, height }}
            aria-setsize={loadMore === undefined ? acts.length : -1}
            aria-posinset={first + index + 1}
          >
            <button type="button" className="act" onClick={() => onOpen(act)}>
              <PersonAvatar name={act.name ?? act.actor} color={colorFor(act.actor)} size={28} />
              <span className="act-words">
                <b>{act.name ?? act.actor}</b> {actWords(act)}
              </span>
              <time className="act-time" dateTime={act.at} title={exactly(act.at)}>
                {ago(act.at)}
              </time>
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}
