import type { editor as Monaco } from 'monaco-editor'
import type * as Y from 'yjs'
import type { TextForm } from './uneditable.ts'

/** `EndOfLineSequence`; the enum itself would bring all of Monaco. */
const [LF, CRLF] = [0, 1]

/** Shows a text that Monaco cannot edit, as it changes. Returns what ends that. */
export const show = (model: Monaco.ITextModel, text: Y.Text): (() => void) => {
  let shown = true
  const follow = (): void => {
    if (shown) fill(model, text, 'lf')
  }
  follow()
  text.observe(follow)
  return () => {
    // Yjs calls an observer that is taken away while the observers are called.
    shown = false
    text.unobserve(follow)
  }
}

/** What differs is replaced; carets and what is on the screen stay where they are. */
export const fill = (model: Monaco.ITextModel, text: Y.Text, form: TextForm): void => {
  // What is put in behind a caret moves it: the first time there is none to keep.
  if (model.getValueLength() === 0) model.setValue(text.toString())
  // A model without lines has the line ends of this machine.
  model.setEOL(form === 'crlf' ? CRLF : LF)
  const wanted = text
    .toString()
    .replace(/^\ufeff/, '')
    .replaceAll(/\r\n?|\n/g, model.getEOL())
  const had = model.getValue()
  if (had === wanted) return
  const shorter = Math.min(wanted.length, had.length)
  let start = 0
  while (start < shorter && wanted[start] === had[start]) start += 1
  // Monaco replaces no half of a character.
  if (isHigh(had.charCodeAt(start - 1))) start -= 1
  let same = 0
  while (same < shorter - start && wanted.at(-1 - same) === had.at(-1 - same)) same += 1
  if (same > 0 && isLow(had.charCodeAt(had.length - same))) same -= 1
  const range = rangeOf(model, start, had.length - same)
  model.applyEdits([{ range, text: wanted.slice(start, wanted.length - same) }])
}

/**
 * Whether somebody's edit parts a character of two halves that the model shows: Yjs then makes two of it that nobody wrote, and
 * tells nobody, and Monaco moves the edit beside it.
 */
export const partsPairs = (model: Monaco.ITextModel, { delta }: Y.YTextEvent): boolean => {
  let offset = 0
  return delta.some(({ retain, delete: deleted = 0 }) => {
    if (retain !== undefined) {
      offset += retain
      return false
    }
    const start = offset
    offset += deleted
    return isInPair(model, start) || isInPair(model, offset)
  })
}

const isInPair = (model: Monaco.ITextModel, offset: number): boolean => {
  const { lineNumber, column } = model.getPositionAt(offset)
  const line = model.getLineContent(lineNumber)
  return isHigh(line.charCodeAt(column - 2)) && isLow(line.charCodeAt(column - 1))
}

const isHigh = (code: number): boolean => code >= 0xd800 && code < 0xdc00
const isLow = (code: number): boolean => code >= 0xdc00 && code < 0xe000

const rangeOf = (model: Monaco.ITextModel, start: number, end: number) => {
  const [from, to] = [model.getPositionAt(start), model.getPositionAt(end)]
  return {
    startLineNumber: from.lineNumber,
    startColumn: from.column,
    endLineNumber: to.lineNumber,
    endColumn: to.column,
  }
}
