import './log.css'
import { Box, Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconArrowDown } from '@tabler/icons-react'
import { type ReactNode, type RefObject, useCallback, useEffect, useMemo, useRef } from 'react'
import { navigate, useHash } from '../router.ts'
import { useKeys } from '../shell/use-keys.ts'
import { type Log, placeOf } from './lines.ts'
import { LogRow } from './log-row.tsx'
import { LogTools, type StepChoice } from './log-tools.tsx'
import { isOf, Selection } from './selection.ts'
import { useFollow } from './use-follow.ts'
import { useRows } from './use-rows.ts'
import { useSearch } from './use-search.ts'

interface LogViewProps {
  readonly log: Log
  readonly steps: readonly StepChoice[]
  /** Only the lines of this step, or `ERRORS`; all where it is undefined. */
  readonly step: string | undefined
  readonly onStep: (step: string | undefined) => void
  /** Instead of the lines, where there are none. */
  readonly empty: ReactNode
  readonly searchRef: RefObject<HTMLInputElement | null>
}

/** In pixels; log.css has the same. */
const ROW = 20

/** A log of any length. Only what is seen is drawn. */
export function LogView({ log, steps, step, onStep, empty, searchRef }: LogViewProps) {
  const host = useRef<HTMLDivElement>(null)
  const addressed = addressedLine(useHash())
  const ofStep = useMemo(
    () => (step === undefined ? undefined : new Selection((line) => isOf(line, step))),
    [step],
  )
  const places = ofStep?.of(log)
  const count = places?.length ?? log.count
  const { first, end, reveal } = useRows(host, ROW, count)
  const { following, missed, follow } = useFollow(host, count, count, addressed === undefined, step)
  const search = useSearch(log, step)

  const rowOf = (place: number): number => (places === undefined ? place : lowerBound(places, place))
  const go = (by: 1 | -1) => {
    const top = Math.ceil((host.current?.scrollTop ?? 0) / ROW)
    const place = search.step(by, places?.[top] ?? top)
    if (place !== undefined) reveal(rowOf(place))
  }
  useKeys({ n: () => go(1), p: () => go(-1), e: follow })

  useAddressed(addressed, log, step, rowOf, reveal, () => onStep(undefined))

  const address = useCallback((number: number) => {
    const path = `${location.pathname}${location.search}#L${number}`
    navigate(path, { replace: true })
    copy(location.origin + path, number)
  }, [])

  const drawn = Array.from({ length: end - first }, (_, index) => places?.[first + index] ?? first + index)
  const digits = String(log.lines[log.count - 1]?.number ?? 1).length
  return (
    <section className="log" aria-label="Log">
      <LogTools
        search={search}
        total={count}
        steps={steps}
        step={step}
        onStep={onStep}
        onGo={go}
        searchRef={searchRef}
        onLeave={() => host.current?.focus()}
      />
      <div className="log-frame">
        <div
          className="log-lines"
          ref={host}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
          tabIndex={0}
          role="log"
          aria-live="off"
          aria-label="Lines of the log"
        >
          {count === 0 ? (
            empty
          ) : (
            <Box
              className="log-rows"
              style={{ height: count * ROW, '--log-width': log.width, '--log-digits': Math.max(3, digits) }}
            >
              <div style={{ transform: `translateY(${first * ROW}px)` }}>
                {drawn.map((place) => {
                  const line = log.lines[place]
                  return line === undefined ? null : (
                    <LogRow
                      key={line.number}
                      line={line}
                      sought={search.sought}
                      mark={
                        place === search.current
                          ? 'found'
                          : line.number === addressed
                            ? 'addressed'
                            : undefined
                      }
                      onAddress={address}
                    />
                  )
                })}
              </div>
            </Box>
          )}
        </div>
        {following || count === 0 ? null : (
          <Button
            className="log-end"
            size="sm"
            radius="xl"
            leftSection={<IconArrowDown size={16} />}
            onClick={follow}
          >
            {missed === 0
              ? 'To the end'
              : `${missed.toLocaleString('en')} new ${missed === 1 ? 'line' : 'lines'}`}
          </Button>
        )}
      </div>
    </section>
  )
}

const addressedLine = (hash: string): number | undefined => {
  const number = /^#L(\d{1,9})$/.exec(hash)?.[1]
  return number === undefined ? undefined : Number(number)
}

/** Brings the line that the address names into view, once it is there. */
function useAddressed(
  number: number | undefined,
  log: Log,
  step: string | undefined,
  rowOf: (place: number) => number,
  reveal: (row: number) => void,
  showAll: () => void,
): void {
  const shown = useRef<number>(undefined)
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another address, another choice or more lines are a reason to look
  useEffect(() => {
    if (number === undefined || shown.current === number) return
    const place = placeOf(log, number)
    const line = log.lines[place]
    if (place === log.count || line?.number !== number) return
    // There is a row to go to only when all are drawn.
    if (!isOf(line, step)) return showAll()
    shown.current = number
    reveal(rowOf(place))
  }, [number, log, step])
}

function lowerBound(places: readonly number[], place: number): number {
  let [low, high] = [0, places.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((places[middle] ?? 0) < place) low = middle + 1
    else high = middle
  }
  return low
}

function copy(address: string, number: number): void {
  const say = (message: string) => {
    // One that is still shown would keep the words of the line before.
    notifications.hide('line-address')
    notifications.show({
      id: 'line-address',
      message,
      autoClose: 2500,
      withBorder: true,
    })
  }
  const told = () => say(`The address of line ${number.toLocaleString('en')} is copied.`)
  // Where the browser gives no clipboard, it is at least in the address bar.
  const untold = () => say(`The address of line ${number.toLocaleString('en')} is in the address bar.`)
  if (navigator.clipboard === undefined) untold()
  else navigator.clipboard.writeText(address).then(told, untold)
}
