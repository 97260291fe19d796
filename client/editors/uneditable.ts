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
   * Takes the byte order mark away and, where lines end in several ways, ends them all with `\n`: for everybody, in one change. Two
   * who do it at the same time take the same characters away, but a `\r` alone both replace. Does nothing where there is an embed.
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

export interface Form {
  readonly get: () => TextForm
  readonly subscribe: (listener: () => void) => () => void
}

const forms = new WeakMap<Y.Text, Form>()

/** The same for all who ask: who looks at a long text looks at it once. */
export function textForm(text: Y.Text): Form {
  const form = forms.get(text) ?? formed(text)
  forms.set(text, form)
  return form
}

function formed(text: Y.Text): Form {
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
  if (isUneven(content)) return 'line-ends'
  if (content.includes('\r')) return 'crlf'
  // Who has such a text open goes on ending its lines as they ended.
  return before === 'crlf' && !content.includes('\n') ? 'crlf' : 'lf'
}

/** In one pass: of text after text, a character taken out for each line would take a minute where there are 100,000 lines. */
function mend(text: Y.Text): void {
  text.doc?.transact(() => {
    const content = text.toString()
    const form = formOf(text, content, 'lf')
    // In a text with embeds, its characters stand elsewhere.
    if (whyNot(form) === undefined || form === 'embed') return
    const marks = /^\ufeff*/.exec(content)?.[0].length ?? 0
    const steps: { retain?: number; delete?: number; insert?: string }[] = [{ delete: marks }]
    let done = marks
    for (const { index, 0: found } of unevenIn(content.slice(marks))) {
      const ends = found.endsWith('\n')
      const returns = ends ? found.length - 1 : found.length
      steps.push({ retain: marks + index - done }, { delete: returns })
      if (!ends) steps.push({ insert: '\n'.repeat(returns) })
      done = marks + index + returns
    }
    text.applyDelta(steps.filter((step) => step.retain !== 0 && step.delete !== 0))
  })
}

const unevenIn = (content: string): Iterable<RegExpExecArray> =>
  isUneven(content) ? content.matchAll(/\r+\n?/g) : []

const isUneven = (content: string): boolean => content.includes('\r') && /\r(?!\n)|(?<!\r)\n/.test(content)
