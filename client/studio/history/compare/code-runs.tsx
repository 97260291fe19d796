import { useComputedColorScheme } from '@mantine/core'
import type { editor as Monaco } from 'monaco-editor'
import { useEffect, useRef } from 'react'
import { monaco } from '../../document/monaco.ts'
import { languageOf } from '../../languages.ts'
import { MONOSPACE } from '../../theme.ts'
import type { Run } from '../api.ts'
import { useHistory } from '../context.ts'
import { markChanges } from './changes.ts'
import { type Padding, paddingsOf, type Side, type Span, sideOf } from './code-side.ts'
import { type Reading, useReading } from './reading.ts'

interface CodeRunsProps {
  readonly runs: readonly Run[]
  readonly language: unknown
  readonly split: boolean
}

/**
 * Code in runs. Monaco's own comparing guesses from two texts; these are decorations on one text, or on two side
 * by side, of what is known to have come and gone.
 */
export function CodeRuns({ runs, language, split }: CodeRunsProps) {
  const dark = useComputedColorScheme('light') === 'dark'
  useEffect(() => {
    monaco.editor.setTheme(dark ? 'vs-dark' : 'vs')
  }, [dark])
  const link = useRef<Linked>(new Set())
  return split ? (
    <div className="code-sides">
      <CodeSide runs={runs} side="before" language={language} link={link.current} />
      <CodeSide runs={runs} side="after" language={language} link={link.current} />
    </div>
  ) : (
    <div className="code-sides">
      <CodeSide runs={runs} side="both" language={language} link={link.current} />
    </div>
  )
}

type Linked = Set<Monaco.IStandaloneCodeEditor>

interface CodeSideProps {
  readonly runs: readonly Run[]
  readonly side: Side
  readonly language: unknown
  readonly link: Linked
}

const LABELS = { both: 'Both positions in one', before: 'Before', after: 'After' } as const

function CodeSide({ runs, side, language, link }: CodeSideProps) {
  const host = useRef<HTMLDivElement>(null)
  const shown = useRef<{ editor: Monaco.IStandaloneCodeEditor; spans: readonly Span[] }>(undefined)
  const reading = useReading()
  const latest = useRef(reading)
  useEffect(() => {
    latest.current = reading
  })
  const { mode, current } = reading
  const { colorOf } = useHistory()

  useEffect(() => {
    if (host.current === null) return
    const { text, spans } = sideOf(runs, side)
    const model = monaco.editor.createModel(text, languageOf(language))
    const ariaLabel = mode === 'blame' ? 'Text with who wrote it' : LABELS[side]
    const wordWrap = side === 'both' ? 'on' : 'off'
    const editor = monaco.editor.create(host.current, { ...OPTIONS, model, ariaLabel, wordWrap })
    editor.createDecorationsCollection(spans.flatMap((span) => decorationsOf(model, span, mode, colorOf)))
    if (side !== 'both') pad(editor, paddingsOf(runs)[side])
    pointAt(editor, spans, () => latest.current)
    scrollTogether(editor, link)
    shown.current = { editor, spans }
    return () => {
      shown.current = undefined
      link.delete(editor)
      editor.dispose()
      model.dispose()
    }
  }, [runs, side, language, mode, link, colorOf])

  useEffect(() => {
    const { editor, spans } = shown.current ?? {}
    const model = editor?.getModel()
    const span = current === undefined ? undefined : spans?.find(({ run }) => run.hunk === current)
    if (editor === undefined || !model || span === undefined) return
    const range = rangeOf(model, span)
    editor.revealRangeInCenterIfOutsideViewport(range)
    const chosen = editor.createDecorationsCollection([
      { range, options: { inlineClassName: 'run-current' } },
    ])
    return () => chosen.clear()
  }, [current])

  return <div className="code-side" ref={host} data-side={side} />
}

const OPTIONS: Monaco.IStandaloneEditorConstructionOptions = {
  automaticLayout: true,
  readOnly: true,
  domReadOnly: true,
  fontFamily: MONOSPACE,
  fontSize: 14,
  lineHeight: 22,
  lineNumbersMinChars: 3,
  lineDecorationsWidth: 18,
  minimap: { enabled: false },
  padding: { top: 12, bottom: 12 },
  renderLineHighlight: 'none',
  scrollBeyondLastLine: false,
  overviewRulerLanes: 2,
  fixedOverflowWidgets: true,
  contextmenu: false,
}

const rangeOf = (model: Monaco.ITextModel, { start, end }: Span) => {
  const [from, to] = [model.getPositionAt(start), model.getPositionAt(end)]
  return new monaco.Range(from.lineNumber, from.column, to.lineNumber, to.column)
}

function decorationsOf(
  model: Monaco.ITextModel,
  span: Span,
  mode: Reading['mode'],
  colorOf: (actor: string) => string,
): Monaco.IModelDeltaDecoration[] {
  const { run } = span
  // A line's end belongs to the line: with it the next one, too, would look as if it had come or gone.
  const { text = '' } = run
  const ends = text.length > 1 && text.endsWith('\n') ? 1 : 0
  // And the end of the line before belongs to that one.
  const begins = text.startsWith('\n') && text.trim() !== '' ? 1 : 0
  const range = rangeOf(model, { run, start: span.start + begins, end: span.end - ends })
  if (mode === 'blame') {
    if (run.by === undefined) return []
    return [{ range, options: { inlineClassName: `run-blame ${classOfPerson(colorOf(run.by.actor))}` } }]
  }
  const { status, marks, marksBefore } = run
  if (status === 'equal') return []
  const note = status === 'changed' ? markChanges(marksBefore, marks) : ''
  const breaks = run.text !== undefined && /^\s*\n\s*$/.test(run.text)
  return [
    {
      range,
      options: {
        inlineClassName: `run-${status}`,
        linesDecorationsClassName: `line-${status}`,
        ...(breaks && { before: { content: '↵', inlineClassName: `run-${status}` } }),
        ...(note !== '' && { after: { content: ` ${note} `, inlineClassName: 'run-note' } }),
      },
    },
  ]
}

/** Monaco takes classes and no styles; one rule a colour, made when it is first needed. */
function classOfPerson(color: string): string {
  const name = `person-${color.replaceAll(/[^a-z0-9]/gi, '')}`
  if (!PERSON_RULES.has(name)) {
    PERSON_RULES.add(name)
    sheet().insertRule(`.${name} { --person: ${color}; }`)
  }
  return name
}

const PERSON_RULES = new Set<string>()

/** A sheet made by a script is no inline style, which the content policy would refuse. */
function sheet(): CSSStyleSheet {
  if (SHEETS[0] === undefined) {
    SHEETS[0] = new CSSStyleSheet()
    document.adoptedStyleSheets.push(SHEETS[0])
  }
  return SHEETS[0]
}

const SHEETS: CSSStyleSheet[] = []

function pad(editor: Monaco.IStandaloneCodeEditor, paddings: readonly Padding[]): void {
  editor.changeViewZones((zones) => {
    for (const { afterLine, lines } of paddings) {
      const domNode = document.createElement('div')
      domNode.className = 'code-padding'
      zones.addZone({ afterLineNumber: afterLine, heightInLines: lines, domNode })
    }
  })
}

function pointAt(editor: Monaco.IStandaloneCodeEditor, spans: readonly Span[], reading: () => Reading): void {
  const runAt = (target: Monaco.IMouseTarget): Run | undefined => {
    const model = editor.getModel()
    if (model === null || target.type !== monaco.editor.MouseTargetType.CONTENT_TEXT) return undefined
    const offset = model.getOffsetAt(target.position)
    return spans.find(({ start, end }) => offset >= start && offset < end)?.run
  }
  editor.onMouseMove(({ target, event }) =>
    reading().onPoint?.(runAt(target), { x: event.browserEvent.clientX, y: event.browserEvent.clientY }),
  )
  editor.onMouseLeave(() => reading().onPoint?.(undefined, { x: 0, y: 0 }))
  editor.onMouseDown(({ target }) => {
    const run = runAt(target)
    if (run !== undefined) reading().onChoose?.(run)
  })
}

function scrollTogether(editor: Monaco.IStandaloneCodeEditor, link: Linked): void {
  link.add(editor)
  editor.onDidScrollChange(({ scrollTopChanged, scrollTop }) => {
    if (!scrollTopChanged) return
    for (const other of link)
      if (other !== editor && other.getScrollTop() !== scrollTop) other.setScrollTop(scrollTop)
  })
}
