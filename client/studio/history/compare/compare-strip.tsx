import { RangeSlider } from '@mantine/core'
import { useEffect, useMemo, useRef, useState } from 'react'
import { exactly } from '../../times.ts'
import type { Session } from '../api.ts'
import { useHistory } from '../context.ts'
import { StripScale } from './strip-scale.ts'
import { useAnswer } from './use-answer.ts'

const SESSIONS = 100
/** Sessions as short as the timeline makes them: the strip is for pointing. */
const FINE = { gap: 60, length: 600 }

interface CompareStripProps {
  readonly from: number
  readonly to: number
  readonly onChange: (from: number, to: number) => void
}

/** The last sessions as bars, how much came above the line and how much went below it, and a handle for each side. */
export function CompareStrip({ from, to, onChange }: CompareStripProps) {
  const { api, head } = useHistory()
  const { value } = useAnswer((signal) => api.timeline({ limit: SESSIONS, ...FINE }, signal), [api, head])
  const scale = useMemo(() => new StripScale(value?.sessions ?? []), [value])
  const [older, newer] = [Math.min(from, to), Math.max(from, to)]
  const [places, setPlaces] = useState<[number, number]>([0, 0])
  const choices = useRef(0)
  useEffect(() => setPlaces([scale.placeOf(older), scale.placeOf(newer)]), [scale, older, newer])
  if (scale.length === 0) return <div className="strip" />

  const choose = async ([first, second]: [number, number]) => {
    choices.current += 1
    const choice = choices.current
    const [chosenOlder, chosenNewer] = await Promise.all([left(first, older), left(second, newer)])
    if (choice !== choices.current) return
    if (from > to) onChange(chosenNewer, chosenOlder)
    else onChange(chosenOlder, chosenNewer)
  }
  /** The position of a handle: where retention has merged those around it, the next one in the way that it went. */
  const left = async (place: number, was: number): Promise<number> => {
    const seq = scale.seqAt(place)
    if (place === scale.placeOf(was) || seq === was) return was
    return api.nearest(seq, seq < was ? 'before' : 'after')
  }
  const label = (place: number) => {
    const time = scale.timeAt(place)
    return `${time === undefined ? '' : exactly(time)} · entry ${scale.seqAt(place)}`
  }
  return (
    <div className="strip">
      <Bars scale={scale} places={places} />
      <RangeSlider
        min={0}
        max={scale.length}
        step={scale.step}
        minRange={0}
        precision={4}
        size={4}
        thumbSize={22}
        value={places}
        label={label}
        thumbFromLabel="Older position"
        thumbToLabel="Newer position"
        onChange={setPlaces}
        onChangeEnd={(chosen) => void choose(chosen)}
      />
    </div>
  )
}

interface BarsProps {
  readonly scale: StripScale
  readonly places: readonly [number, number]
}

function Bars({ scale, places: [first, second] }: BarsProps) {
  const { sessions } = scale
  const most = Math.max(1, ...sessions.map(({ inserted, deleted }) => Math.max(inserted, deleted)))
  // A square root, so that the small can be seen beside the large.
  const height = (characters: number) => `${Math.sqrt(characters / most) * 50}%`
  return (
    <div className="strip-bars" aria-hidden="true">
      {sessions.map((session, index) => (
        <div
          key={session.firstSeq}
          className="strip-bar"
          data-inside={index + 1 > first && index < second ? true : undefined}
          title={titleOf(session)}
        >
          <span className="strip-added" style={{ height: height(session.inserted) }} />
          <span className="strip-removed" style={{ height: height(session.deleted) }} />
        </div>
      ))}
    </div>
  )
}

const titleOf = ({ startedAt, inserted, deleted }: Session): string =>
  `${exactly(startedAt)}: +${inserted} −${deleted} characters`
