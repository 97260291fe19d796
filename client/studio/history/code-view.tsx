import { useComputedColorScheme } from '@mantine/core'
import type { editor as Monaco } from 'monaco-editor'
import { useEffect, useRef, useState } from 'react'
import { PALETTE } from '../../sdk/index.ts'
import { EDITOR_OPTIONS, monaco } from '../document/monaco.ts'
import { commentClass } from './comments/commented.ts'
import { useHistory } from './context.ts'
import type { ShownText } from './shown.ts'

interface CodeViewProps {
  readonly runs: readonly ShownText[]
  readonly language: string
  /** Keeps in view what was just done. */
  readonly following: boolean
}

/** Code that is read only, with what was done in the colours of who did it. */
export function CodeView({ runs, language, following }: CodeViewProps) {
  const host = useRef<HTMLDivElement>(null)
  const [editor, setEditor] = useState<Monaco.IStandaloneCodeEditor>()
  const { colorOf } = useHistory()
  const dark = useComputedColorScheme('light') === 'dark'

  useEffect(() => {
    if (host.current === null) return
    const model = monaco.editor.createModel('')
    const made = monaco.editor.create(host.current, { ...EDITOR_OPTIONS, readOnly: true, model })
    setEditor(made)
    return () => {
      setEditor(undefined)
      made.dispose()
      model.dispose()
    }
  }, [])

  useEffect(() => {
    const model = editor?.getModel()
    if (model) monaco.editor.setModelLanguage(model, language)
  }, [editor, language])

  useEffect(() => {
    monaco.editor.setTheme(dark ? 'vs-dark' : 'vs')
  }, [dark])

  useEffect(() => {
    const model = editor?.getModel()
    if (editor === undefined || !model) return
    replaceText(model, runs.map(({ text }) => text).join(''))
    const marked = tracesOf(model, runs, colorOf)
    const traces = editor.createDecorationsCollection(marked.map(({ decoration }) => decoration))
    const newest = marked.reduce<Trace | undefined>(
      (a, b) => (a !== undefined && a.seq > b.seq ? a : b),
      undefined,
    )
    const looking = runs.some(({ thread }) => thread?.active)
    if ((following || looking) && newest !== undefined) {
      editor.revealRangeInCenterIfOutsideViewport(newest.decoration.range)
    }
    return () => traces.clear()
  }, [editor, runs, following, colorOf])

  return (
    <>
      <style href="history-traces" precedence="default">
        {TRACE_COLOURS}
      </style>
      <div className="code-host" ref={host} />
    </>
  )
}

/** Decorations take classes alone, and people have one of a dozen colours. */
const TRACE_COLOURS = PALETTE.map((color) => `.trace-by-${color.slice(1)} { --person: ${color}; }`).join('\n')

/** Changes no more than what differs, so that the view stays where it is. */
function replaceText(model: Monaco.ITextModel, text: string): void {
  const before = model.getValue()
  if (before === text) return
  let start = 0
  while (start < before.length && before[start] === text[start]) start += 1
  let end = 0
  const most = Math.min(before.length, text.length) - start
  while (end < most && before[before.length - 1 - end] === text[text.length - 1 - end]) end += 1
  const range = rangeOf(model, start, before.length - end)
  model.applyEdits([{ range, text: text.slice(start, text.length - end) }])
}

interface Trace {
  readonly seq: number
  readonly decoration: Monaco.IModelDeltaDecoration
}

function tracesOf(
  model: Monaco.ITextModel,
  runs: readonly ShownText[],
  colorOf: (actor: string) => string,
): readonly Trace[] {
  const traces: Trace[] = []
  let offset = 0
  for (const { text, status, by, thread } of runs) {
    const end = offset + text.length
    if (status === 'inserted' || status === 'deleted') {
      const color = by === undefined ? '' : ` trace-by-${colorOf(by.actor).slice(1)}`
      const inlineClassName = `trace trace-${status} trace-text${color}`
      const decoration = { range: rangeOf(model, offset, end), options: { inlineClassName } }
      traces.push({ seq: by?.seq ?? 0, decoration })
    }
    if (thread !== undefined) {
      const options = { inlineClassName: commentClass(thread.active) }
      traces.push({ seq: thread.active ? 1 : 0, decoration: { range: rangeOf(model, offset, end), options } })
    }
    offset = end
  }
  return traces
}

function rangeOf(model: Monaco.ITextModel, from: number, to: number) {
  const [start, end] = [model.getPositionAt(from), model.getPositionAt(to)]
  return new monaco.Range(start.lineNumber, start.column, end.lineNumber, end.column)
}
