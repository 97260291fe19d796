import { describe, expect, it } from 'vitest'
import { plainText, runsOf } from '../../client/studio/log/ansi.ts'
import { LogReader, placeOf } from '../../client/studio/log/lines.ts'
import { piecesOf } from '../../client/studio/log/pieces.ts'
import { ERRORS, isOf, pattern, Selection } from '../../client/studio/log/selection.ts'

const ESC = '\u001b'
const piece = (first: number, lines: readonly string[], before: number, step?: string) => ({
  first,
  lines,
  stream: 'stdout' as const,
  step,
  at: 0,
  before,
})

describe('what a terminal would do', () => {
  it.each([
    ['colours', `${ESC}[1;31merror${ESC}[0m: no`, 'error: no'],
    ['a title', `${ESC}]0;you are root\u0007done`, 'done'],
    ['a link', `${ESC}]8;;javascript:pwned=1${ESC}\\here${ESC}]8;;${ESC}\\`, 'here'],
    ['the cursor and the screen', `${ESC}[2J${ESC}[1;1H${ESC}cok`, 'ok'],
    ['an order that breaks off', `ok${ESC}[31`, 'ok'],
    ['a line written over', '10 %\r50 %\r100 %', '100 %'],
    ['a line with its end', 'words\r', 'words'],
    ['a line with two ends', 'one\rwords\r\r', 'words'],
    ['a tab', 'a\tb', 'a\tb'],
    ['what turns the direction', 'user\u202e} \u2066if\u2069', 'user\ufffd} \ufffdif\ufffd'],
    ['what rings', 'a\u0007b\u0000c\u0090d', 'a\ufffdb\ufffdc\ufffdd'],
    ['markup', '<b onclick=x>&amp;', '<b onclick=x>&amp;'],
  ])('[UI54] is text: %s', (_, written, text) => {
    expect(plainText(written)).toBe(text)
    expect(
      runsOf(written)
        .map((run) => run.text)
        .join(''),
    ).toBe(text)
  })

  it('[UI54] keeps the eight colours, and none of what it cannot know', () => {
    expect(runsOf(`${ESC}[1;31ma${ESC}[39mb${ESC}[22;92mc${ESC}[38;5;1md${ESC}[me`)).toEqual([
      { text: 'a', look: 'ansi-bold ansi-1' },
      { text: 'b', look: 'ansi-bold' },
      { text: 'c', look: 'ansi-2' },
      { text: 'd', look: 'ansi-2' },
      { text: 'e', look: '' },
    ])
  })
})

describe('a log that grows', () => {
  it('[UI52] is read and searched once, line by line, also where lines are missing or it begins anew', () => {
    let looked = 0
    const reader = new LogReader()
    const selection = new Selection(({ text }) => {
      looked += 1
      return text.search(pattern('B')) !== -1
    })
    const first = piece(1, ['a', 'b', 'ab'], 0)
    const one = reader.read({ pieces: [first], length: 3 })
    expect(selection.of(one)).toEqual([1, 2])
    const second = piece(101, ['b', 'c'], 3)
    const two = reader.read({ pieces: [first, second], length: 5 })
    expect([one.count, two.count, looked]).toEqual([3, 5, 3])
    expect(selection.of(two)).toEqual([1, 2, 3])
    expect(looked).toBe(5)
    expect([1, 3, 4, 101, 103].map((number) => placeOf(two, number))).toEqual([0, 2, 3, 3, 5])
    const anew = reader.read({ pieces: [piece(1, ['b'], 0)], length: 1 })
    expect([anew.count, selection.of(anew)]).toEqual([1, [0]])
  })

  it('[UI52] marks every place in which words are found, across colours, letter by letter', () => {
    const raw = `${ESC}[31mERR${ESC}[0mor (a.b) error`
    const line = { number: 1, text: plainText(raw), raw, stream: 'stdout' as const, step: undefined }
    const marked = (query: string) =>
      piecesOf(line, pattern(query)).map(({ text, found }) => (found ? `[${text}]` : text))
    expect(marked('error')).toEqual(['[ERR]', '[or]', ' (a.b) ', '[error]'])
    expect(marked('(A.B)')).toEqual(['ERR', 'or ', '[(a.b)]', ' error'])
    expect(marked('.')).toEqual(['ERR', 'or (a', '[.]', 'b) error'])
  })
  it('[UI52] is shown as a whole, by step, or by what tells of errors', () => {
    const line = { number: 1, text: 'no', raw: undefined, stream: 'stderr' as const, step: 'test' }
    expect([undefined, 'test', ERRORS, 'compile'].map((step) => isOf(line, step))).toEqual([
      true,
      true,
      true,
      false,
    ])
    expect(isOf({ ...line, stream: 'stdout' }, ERRORS)).toBe(false)
  })
})
