import { VisuallyHidden } from '@mantine/core'
import { type CSSProperties, Fragment, type JSX, type MouseEvent, type ReactNode } from 'react'
import type { EntryRun, Run, TypeRuns } from '../api.ts'
import { useHistory } from '../context.ts'
import { contentText, entryText, inWords, markChanges, STATUS_WORDS } from './changes.ts'
import { type Pointed, useReading } from './reading.ts'

/** Rich text in runs, as the document shows it, with what came and what went in it. */
export function RichRuns({ type }: { readonly type: TypeRuns }) {
  return (
    <div className="rich-text runs-rich">
      <Runs runs={type.runs ?? []} inherited={undefined} />
    </div>
  )
}

interface RunsProps {
  readonly runs: readonly Run[]
  /** What came or went as a whole, and its parts with it. */
  readonly inherited: Pointed | undefined
}

function Runs({ runs, inherited }: RunsProps) {
  return runs.map((run, index) => {
    // biome-ignore lint/suspicious/noArrayIndexKey: the runs of an answer never move
    return <OneRun key={index} run={run} inherited={inherited} />
  })
}

function OneRun({ run, inherited }: { readonly run: Run; readonly inherited: Pointed | undefined }) {
  const pointed = run.hunk === undefined && inherited !== undefined ? inheritedBy(run, inherited) : run
  const { node, text } = run
  if (node === undefined) {
    const words = text ?? (run.values === undefined ? inWords(run.embed) : run.values.map(inWords).join(', '))
    return (
      <Marked run={pointed} note={run.status === 'changed' ? markChanges(run.marksBefore, run.marks) : ''}>
        {withMarks(words, run.marks)}
      </Marked>
    )
  }
  const whole = run.status === 'inserted' || run.status === 'deleted' ? pointed : undefined
  const inside = <Runs runs={node.runs ?? []} inherited={whole} />
  return node.kind === 'element' ? (
    <Block node={node} pointed={pointed}>
      {inside}
    </Block>
  ) : (
    inside
  )
}

const inheritedBy = ({ status, by, since }: Run, inherited: Pointed): Pointed => ({
  status,
  hunk: inherited.hunk,
  by: by ?? inherited.by,
  since,
})

interface MarkedProps {
  readonly run: Pointed
  readonly note: string
  readonly children: ReactNode
}

/** A stretch of text: told apart by its element, its line and a sign, and only then by its colour. */
function Marked({ run, note, children }: MarkedProps) {
  const { mode, current } = useReading()
  const { colorOf } = useHistory()
  const point = usePointing(run)
  if (mode === 'blame') {
    const person = run.by === undefined ? {} : { '--person': colorOf(run.by.actor) }
    return (
      <span className="run-blame" style={person as CSSProperties} {...point}>
        {children}
      </span>
    )
  }
  const { status, hunk } = run
  if (status === 'equal' || (status === 'changed' && note === '')) return children
  const Tag = status === 'inserted' ? 'ins' : status === 'deleted' ? 'del' : 'span'
  const chosen = hunk !== undefined && hunk === current
  return (
    <Tag className={`run-${status}`} data-hunk={hunk} data-current={chosen || undefined} {...point}>
      {children}
      {note === '' ? null : <small className="run-note">{note}</small>}
    </Tag>
  )
}

function usePointing(run: Pointed) {
  const { onPoint, onChoose } = useReading()
  return {
    ...(onPoint && {
      onMouseMove: (event: MouseEvent) => {
        event.stopPropagation()
        onPoint(run, { x: event.clientX, y: event.clientY })
      },
    }),
    ...(onChoose && {
      onClick: (event: MouseEvent) => {
        event.stopPropagation()
        onChoose(run)
      },
    }),
  }
}

interface BlockProps {
  readonly node: TypeRuns
  readonly pointed: Pointed
  readonly children: ReactNode
}

function Block({ node, pointed, children }: BlockProps) {
  const { mode, current } = useReading()
  const point = usePointing(pointed)
  const { status, hunk } = pointed
  const Tag = tagOf(node)
  if (VOID.has(Tag))
    return mode === 'blame' ? <Tag /> : <Tag className={`block-${status}`} data-hunk={hunk} />
  const came = mode === 'diff' && (status === 'inserted' || status === 'deleted')
  const chosen = hunk !== undefined && hunk === current
  const empty = (node.runs ?? []).length === 0
  return (
    <Tag
      className={came ? `block-${status}` : undefined}
      data-hunk={came ? hunk : undefined}
      data-current={(came && chosen) || undefined}
      {...(came && point)}
    >
      {came ? <VisuallyHidden>{STATUS_WORDS[status]}: </VisuallyHidden> : null}
      {mode === 'diff' && !came ? <Attributes entries={node.entries ?? {}} /> : null}
      {children}
      {empty ? <br /> : null}
    </Tag>
  )
}

/** What changed about an element itself: the level of a heading, say. */
function Attributes({ entries }: { readonly entries: Readonly<Record<string, EntryRun>> }) {
  return Object.entries(entries)
    .filter(([, { status }]) => status !== 'equal')
    .map(([name, entry]) => (
      <Marked key={name} run={{ ...entry, status: 'changed' }} note={`${name}: ${entryText(entry)}`}>
        <Fragment />
      </Marked>
    ))
}

const TAGS: Readonly<Record<string, keyof JSX.IntrinsicElements>> = {
  paragraph: 'p',
  bulletList: 'ul',
  orderedList: 'ol',
  listItem: 'li',
  blockquote: 'blockquote',
  codeBlock: 'pre',
  horizontalRule: 'hr',
  hardBreak: 'br',
}
const VOID: ReadonlySet<string> = new Set(['hr', 'br'])

function tagOf({ name = '', entries = {} }: TypeRuns): keyof JSX.IntrinsicElements {
  if (name !== 'heading') return (Object.hasOwn(TAGS, name) ? TAGS[name] : undefined) ?? 'div'
  const level = Number(contentText(entries.level?.after ?? entries.level?.before).replaceAll(/\D/g, ''))
  return (['h1', 'h2', 'h3', 'h4', 'h5', 'h6'] as const)[level - 1] ?? 'h1'
}

const MARKS: Readonly<Record<string, keyof JSX.IntrinsicElements>> = {
  bold: 'strong',
  italic: 'em',
  underline: 'u',
  strike: 's',
  code: 'code',
}

/** Links lead nowhere here: what others wrote is shown, and a click is for the change. */
function withMarks(text: string, marks: Run['marks']): ReactNode {
  let inside: ReactNode = text
  for (const name of Object.keys(marks ?? {})) {
    const Tag = Object.hasOwn(MARKS, name) ? MARKS[name] : undefined
    if (Tag !== undefined) inside = <Tag>{inside}</Tag>
    else if (name === 'link') inside = <span className="run-link">{inside}</span>
  }
  return inside
}
