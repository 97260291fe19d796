import { Code, VisuallyHidden } from '@mantine/core'
import type { EntryContent, EntryRun, Run, RunStatus, TypeRuns } from '../api.ts'
import { inWords, STATUS_SIGNS, STATUS_WORDS } from './changes.ts'
import { useReading } from './reading.ts'
import { RichRuns } from './rich-runs.tsx'

interface TreeRunsProps {
  readonly name: string
  readonly type: TypeRuns
  /** Leaves out the keys at the top under which nothing changed. */
  readonly changedOnly: boolean
}

/** Maps and arrays, as a tree. */
export function TreeRuns({ name, type, changedOnly }: TreeRunsProps) {
  const entries = Object.entries(type.entries ?? {}).filter(
    ([, { status }]) => !changedOnly || status !== 'equal',
  )
  return (
    <section className="tree" aria-label={name}>
      <h3 className="tree-name">{name}</h3>
      <Inside type={{ ...type, entries: Object.fromEntries(entries) }} />
    </section>
  )
}

function Inside({ type }: { readonly type: TypeRuns }) {
  const { entries = {}, runs = [] } = type
  if (type.kind === 'text' || type.kind === 'fragment') return <RichRuns type={type} />
  return (
    <ul className="tree-list">
      {Object.entries(entries).map(([key, entry]) => (
        <Entry key={key} name={key} entry={entry} />
      ))}
      {runs.map((run, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the runs of an answer never move
        <Item key={index} run={run} />
      ))}
    </ul>
  )
}

interface LineProps {
  readonly status: RunStatus
  readonly hunk: number | undefined
  readonly children: React.ReactNode
}

function Line({ status, hunk, children }: LineProps) {
  const { current, onChoose } = useReading()
  const chosen = hunk !== undefined && hunk === current
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys n and p go from change to change
    <li
      className={`tree-line tree-${status}`}
      data-hunk={hunk}
      data-current={chosen || undefined}
      onClick={hunk === undefined ? undefined : () => onChoose?.({ status, hunk })}
    >
      <span className="tree-sign" aria-hidden="true">
        {STATUS_SIGNS[status]}
      </span>
      {status === 'equal' ? null : <VisuallyHidden>{STATUS_WORDS[status]}: </VisuallyHidden>}
      {children}
    </li>
  )
}

function Entry({ name, entry }: { readonly name: string; readonly entry: EntryRun }) {
  const { status, before, after, hunk } = entry
  return (
    <Line status={status} hunk={hunk}>
      <Code>{name}</Code>{' '}
      {before === undefined || status === 'equal' ? null : (
        <del className="run-deleted">
          <Content content={before} />
        </del>
      )}{' '}
      {after === undefined ? null : status === 'equal' || before === undefined ? (
        <Content content={after} />
      ) : (
        <ins className="run-inserted">
          <Content content={after} />
        </ins>
      )}
    </Line>
  )
}

function Content({ content }: { readonly content: EntryContent }) {
  return content.node === undefined ? <span>{inWords(content.value)}</span> : <Inside type={content.node} />
}

function Item({ run }: { readonly run: Run }) {
  const { status, hunk, node, text, values = [text ?? run.embed] } = run
  const words = values.map(inWords).join(', ')
  return (
    <Line status={status} hunk={hunk}>
      {node !== undefined ? (
        <Inside type={node} />
      ) : status === 'deleted' ? (
        <del className="run-deleted">{words}</del>
      ) : status === 'inserted' ? (
        <ins className="run-inserted">{words}</ins>
      ) : (
        <span>{words}</span>
      )}
    </Line>
  )
}
