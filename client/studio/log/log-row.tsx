import { type MouseEvent, memo } from 'react'
import type { LogLine } from './lines.ts'
import { piecesOf } from './pieces.ts'

interface LogRowProps {
  readonly line: LogLine
  readonly sought: RegExp | undefined
  /** The line that the address names, or that the search is at. */
  readonly mark: 'addressed' | 'found' | undefined
  readonly onAddress: (number: number) => void
}

/** One line: its number is its address. */
export const LogRow = memo(function LogRow({ line, sought, mark, onAddress }: LogRowProps) {
  const choose = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    onAddress(line.number)
  }
  let at = 0
  return (
    <div className="log-row" data-stream={line.stream} data-mark={mark}>
      <a
        className="log-number"
        href={`#L${line.number}`}
        aria-label={`Copy the address of line ${line.number}`}
        title="Copy the address of this line"
        tabIndex={mark === undefined ? -1 : 0}
        onClick={choose}
      >
        {line.number}
      </a>
      <span className="log-stream">{line.stream === 'stderr' ? 'err' : ''}</span>
      <span className="log-text">
        {piecesOf(line, sought).map(({ text, look, found }) => {
          const key = at
          at += text.length
          const className = look === '' ? undefined : look
          return found ? (
            <mark key={key} className={className}>
              {text}
            </mark>
          ) : className === undefined ? (
            text
          ) : (
            <span key={key} className={className}>
              {text}
            </span>
          )
        })}
      </span>
    </div>
  )
})
