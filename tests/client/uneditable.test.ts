import { expect, it } from 'vitest'
import * as Y from 'yjs'
import { textForm, uneditable } from '../../client/editors/uneditable.ts'
import type { Room } from '../../client/sdk/room.ts'

function textOf(content: string) {
  const doc = new Y.Doc()
  const text = doc.getText('content')
  text.insert(0, content)
  return { doc, text, misfit: uneditable({ room: { doc } as Room }) }
}

it.each([
  ['', undefined, ''],
  ['a\nb', undefined, 'a\nb'],
  ['a\r\nb\r\n', undefined, 'a\r\nb\r\n'],
  ['a\r\nb\n', 'line-ends', 'a\nb\n'],
  ['a\rb\rc', 'line-ends', 'a\nb\nc'],
  ['\ra\r\r\nb\r\r', 'line-ends', '\na\nb\n\n'],
  ['\ufeffa\r\nb', 'byte-order-mark', 'a\r\nb'],
  ['\ufeff\ufeff\na\r\n', 'byte-order-mark', '\na\n'],
  ['a\ufeffb', undefined, 'a\ufeffb'],
])('[UI72] says of %j that it is %s, and makes %j of it', (content, why, mended) => {
  const { text, misfit } = textOf(content)
  expect(misfit.get()).toBe(why)
  misfit.mend()
  expect(text.toString()).toBe(mended)
  expect(misfit.get()).toBe(undefined)
})

it('[UI72] mends nothing beside what is no text, and formats stay', () => {
  const { text, misfit } = textOf('ab\r\nc\n')
  text.format(1, 3, { bold: true })
  text.insertEmbed(1, { image: 'x.png' })
  const before = text.toDelta()
  expect(misfit.get()).toBe('embed')
  misfit.mend()
  expect(text.toDelta()).toEqual(before)
  text.delete(1, 1)
  misfit.mend()
  expect(text.toDelta()).toEqual([
    { insert: 'a' },
    { insert: 'b\n', attributes: { bold: true } },
    { insert: 'c\n' },
  ])
})

it('[UI72] takes nothing twice where two mend it at once', () => {
  const one = textOf('\ufeffa\r\nb\nc\r\n')
  const other = new Y.Doc()
  Y.applyUpdate(other, Y.encodeStateAsUpdate(one.doc))
  one.misfit.mend()
  uneditable({ room: { doc: other } as Room }).mend()
  Y.applyUpdate(other, Y.encodeStateAsUpdate(one.doc))
  Y.applyUpdate(one.doc, Y.encodeStateAsUpdate(other))
  expect([one.text.toString(), other.getText('content').toString()]).toEqual(['a\nb\nc\n', 'a\nb\nc\n'])
})

// Character by character, 60,000 lines took ten seconds, and a run of returns that no newline ends half a minute.
it.each([
  ['lines', 'a line of code\r\nand another\n'.repeat(30_000)],
  ['returns', `a${'\r'.repeat(40_000)}b`],
])('[UI72] mends a long text of %s without a halt', (_what, content) => {
  const { text, misfit } = textOf(content)
  const start = performance.now()
  misfit.mend()
  expect(performance.now() - start).toBeLessThan(5_000)
  expect(text.toString()).not.toContain('\r')
})

it('[UI72] is told when what it says changes, and looks no longer than that', () => {
  const { text, misfit } = textOf('a\n')
  const told: unknown[] = []
  const stop = misfit.subscribe(() => told.push(misfit.get()))
  text.insert(1, 'b')
  text.insert(1, '\r')
  text.insert(1, '\r\n')
  text.delete(1, 3)
  text.insertEmbed(0, {})
  stop()
  text.delete(0, 1)
  expect(told).toEqual(['line-ends', undefined, 'embed'])
  expect(text._eH.l).toEqual([])
})

it('[UI72] goes on with Windows’ line ends where the last of them goes while it is open', () => {
  const { text } = textOf('a\r\n')
  const form = textForm(text)
  const forms: unknown[] = [form.get()]
  form.subscribe(() => forms.push(form.get()))
  text.delete(1, 2)
  expect([...forms, form.get()]).toEqual(['crlf', 'crlf'])
  text.insert(1, '\n')
  expect(form.get()).toBe('lf')
})
