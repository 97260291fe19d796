import type * as Y from 'yjs'
import { DOCUMENT_FIELDS } from '../../server/protocol.ts'
import type { Room } from '../sdk/room.ts'

/**
 * Why Monaco cannot edit a shared text. It ends all lines of a model alike, drops a byte order mark and knows characters
 * alone: where a text has more than that, places in the two differ, and what is typed would land somewhere else.
 * `line-ends`: they are neither all `\n` nor all `\r\n`. `byte-order-mark`: it begins with one. `embed`: something in it is no text.
 */
export type WhyUneditable = 'line-ends' | 'byte-order-mark' | 'embed'

export interface Uneditable {
  /** `undefined` while Monaco can edit the text. */
  get(): WhyUneditable | undefined
  /** Called when that changes. */
  subscribe(listener: () => void): () => void
  /**
   * Ends all lines with `\n` and takes the byte order mark away, for everybody, in one change. Two who do it at the same time
   * take the same characters away, but a `\r` alone both replace. What is no text stays.
   */
  mend(): void
}

export interface UneditableOptions {
  readonly room: Room
  /** The Y.Text that the editor edits. */
  readonly field?: string
}

/** Looks at the text, and goes on looking for as long as somebody is subscribed. */
export function uneditable({ room, field = DOCUMENT_FIELDS.code }: UneditableOptions): Uneditable {
  const text = room.doc.getText(field)
  const form = textForm(text)
  const get = () => whyNot(form.get())
  return {
    get,
    subscribe: (listener) => {
      let before: WhyUneditable | undefined
      const stop = form.subscribe(() => {
        if (before === get()) return
        before = get()
        listener()
      })
      before = get()
      return stop
    },
    mend: () => mend(text),
  }
}

/** How all lines of it end, or why Monaco cannot hold it as it is. */
export type TextForm = 'lf' | 'crlf' | WhyUneditable

export const whyNot = (form: TextForm): WhyUneditable | undefined =>
  form === 'lf' || form === 'crlf' ? undefined : form

export function textForm(text: Y.Text): {
  readonly get: () => TextForm
  readonly subscribe: (listener: () => void) => () => void
} {
  const listeners = new Set<() => void>()
  let form: TextForm = 'lf'
  let plain = false
  const lookAtAll = (before: TextForm): void => {
    const content = text.toString()
    form = formOf(text, content, before)
    plain = !SPECIAL.test(content) && form === 'lf'
  }
  const look = ({ delta }: Y.YTextEvent): void => {
    // With each key: of a text that has nothing special in it, what came is enough to look at.
    if (plain && delta.every(({ insert }) => insert === undefined || isPlain(insert))) return
    const before = form
    lookAtAll(before)
    if (form !== before) for (const listener of [...listeners]) listener()
  }
  return {
    get: () => (listeners.size === 0 ? formOf(text, text.toString(), 'lf') : form),
    subscribe: (listener) => {
      if (listeners.size === 0) {
        lookAtAll('lf')
        text.observe(look)
      }
      listeners.add(listener)
      return () => {
        if (listeners.delete(listener) && listeners.size === 0) text.unobserve(look)
      }
    },
  }
}

const BYTE_ORDER_MARK = '\ufeff'
const SPECIAL = /[\r\ufeff]/
const isPlain = (insert: unknown): boolean => typeof insert === 'string' && !SPECIAL.test(insert)

function formOf(text: Y.Text, content: string, before: TextForm): TextForm {
  // What is no text counts as one of its characters.
  if (content.length !== text.length) return 'embed'
  if (content.startsWith(BYTE_ORDER_MARK)) return 'byte-order-mark'
  if (content.includes('\r')) return /\r(?!\n)|(?<!\r)\n/.test(content) ? 'line-ends' : 'crlf'
  // Who has such a text open goes on ending its lines as they ended.
  return before === 'crlf' && !content.includes('\n') ? 'crlf' : 'lf'
}

function mend(text: Y.Text): void {
  text.doc?.transact(() => {
    if (whyNot(formOf(text, text.toString(), 'lf')) === undefined) return
    // From the end on, so that what is before stands where it stood.
    const content = text.toString()
    const returns = [...content.matchAll(/\r+(?=\n)|\r/g)].toReversed()
    for (const { index, 0: found } of returns) {
      const ends = content[index + found.length] === '\n'
      text.delete(index, found.length)
      if (!ends) text.insert(index, '\n')
    }
    if (content.startsWith(BYTE_ORDER_MARK)) text.delete(0, 1)
  })
}
