import type { Bucket } from './api.ts'

interface ActivityStripProps {
  readonly buckets: readonly Bucket[]
  readonly head: number
}

/** Half the height of the strip: what was written stands above the middle, what was deleted hangs below. */
const HALF = 20

/** How much was done where, over the positions that the handle below it runs through. */
export function ActivityStrip({ buckets, head }: ActivityStripProps) {
  const most = Math.max(1, ...buckets.map(({ inserted, deleted }) => Math.max(inserted, deleted)))
  // By the root, so that a pasted page does not flatten a day's typing.
  const heightOf = (characters: number) =>
    characters === 0 ? 0 : Math.max(1.5, HALF * Math.sqrt(characters / most))
  return (
    <svg
      className="activity"
      viewBox={`0 0 ${Math.max(1, head)} ${2 * HALF}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {buckets.map(({ firstSeq, lastSeq, inserted, deleted }) => {
        const [x, width] = [firstSeq - 1, (lastSeq - firstSeq + 1) * 0.86]
        const [up, down] = [heightOf(inserted), heightOf(deleted)]
        return (
          <g key={firstSeq}>
            <rect className="activity-added" x={x} width={width} y={HALF - up} height={up} />
            <rect className="activity-removed" x={x} width={width} y={HALF} height={down} />
          </g>
        )
      })}
    </svg>
  )
}
