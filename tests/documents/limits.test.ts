import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { checkUpdate } from '../../server/documents/check-update.ts'
import { DOCUMENT, HEAVY, LIMITS } from '../../server/documents/update-limits.ts'
import { weighUpdate } from '../../server/documents/weigh-update.ts'
import {
  CONTENT,
  gc,
  item,
  MALLORY,
  manyClients,
  manyRoots,
  nested,
  nothing,
  oneKey,
  run,
  sharedType,
  TYPE,
  text,
  times,
  updateOf,
} from './attacks.ts'
import { session } from './random-document.ts'

const one = (...of: Parameters<typeof item> extends [number, ...infer Rest] ? Rest : never): Uint8Array =>
  updateOf([{ client: MALLORY, structs: [item(MALLORY, ...of)] }])

/** What is over a limit, and the same just within it. */
const OVER: Readonly<Record<string, readonly [over: Uint8Array, within: Uint8Array]>> = {
  clients: [manyClients(LIMITS.clients + 1), manyClients(LIMITS.clients)],
  structs: [
    updateOf([{ client: MALLORY, structs: times(LIMITS.structs + 1, () => gc(1)) }]),
    updateOf([{ client: MALLORY, structs: times(LIMITS.structs, () => gc(1)) }]),
  ],
  'deleted ranges': [
    updateOf([], [{ client: MALLORY, ranges: times(LIMITS.ranges + 1, (i) => [i * 2, 1] as const) }]),
    updateOf([], [{ client: MALLORY, ranges: times(LIMITS.ranges, (i) => [i * 2, 1] as const) }]),
  ],
  'collected runs': [
    updateOf([{ client: MALLORY, structs: [gc(LIMITS.run + 1)] }]),
    updateOf([{ client: MALLORY, structs: [gc(LIMITS.run)] }]),
  ],
  'deleted runs': [one(CONTENT.deleted, run(LIMITS.run + 1)), one(CONTENT.deleted, run(LIMITS.run))],
  clocks: [
    updateOf([{ client: MALLORY, clock: LIMITS.clock, structs: [gc(1)] }]),
    updateOf([{ client: MALLORY, clock: LIMITS.clock - 1, structs: [gc(1)] }]),
  ],
  'deleted clocks': [
    updateOf([], [{ client: MALLORY, ranges: [[LIMITS.clock, 1]] }]),
    updateOf([], [{ client: MALLORY, ranges: [[LIMITS.clock - 1, 1]] }]),
  ],
  'names of roots': [
    one(CONTENT.string, text(), { parent: 'r'.repeat(LIMITS.name + 1) }),
    one(CONTENT.string, text(), { parent: 'r'.repeat(LIMITS.name) }),
  ],
  'keys of maps': [
    one(CONTENT.any, nothing, { key: 'k'.repeat(LIMITS.name + 1) }),
    one(CONTENT.any, nothing, { key: 'k'.repeat(LIMITS.name) }),
  ],
  values: [binaryOf(LIMITS.value), binaryOf(LIMITS.value - 100)],
}

function binaryOf(bytes: number): Uint8Array {
  const doc = new Y.Doc()
  doc.getArray('list').push([new Uint8Array(bytes)])
  return Y.encodeStateAsUpdate(doc)
}

describe('the limits of one update', () => {
  for (const [what, [over, within]] of Object.entries(OVER)) {
    it(`[DOC20] refuse more ${what} than editors ever write, and no fewer`, () => {
      expect(() => checkUpdate(over)).toThrow(expect.objectContaining({ code: 'update-refused' }))
      checkUpdate(within)
    })
  }

  it('[DOC20] hold a text of any length', () => {
    const doc = new Y.Doc()
    doc.getText('content').insert(0, 'é'.repeat(LIMITS.value))
    checkUpdate(Y.encodeStateAsUpdate(doc))
  })

  it('[DOC20] refuse more values than half a million bytes of them', () => {
    const doc = new Y.Doc()
    doc.getArray('list').push(times(LIMITS.values + 1, () => null))
    expect(() => checkUpdate(Y.encodeStateAsUpdate(doc))).toThrow('too many values')
  })
})

function withAttribute(name: string): Y.XmlElement {
  const element = new Y.XmlElement('p')
  element.setAttribute(name, 'x')
  return element
}

describe('what is refused by its form', () => {
  const PROTO = '__proto__'
  const protoEmbed = JSON.parse('{"a":{"__proto__":{"admin":true}}}')

  it.each<[string, (doc: Y.Doc) => unknown]>([
    ['a key of a map', (doc) => doc.getMap('meta').set(PROTO, { admin: true })],
    ['a key of a value', (doc) => doc.getArray('list').push([protoEmbed])],
    ['a key of an embed', (doc) => doc.getText('content').insertEmbed(0, protoEmbed)],
    ['a format', (doc) => doc.getText('content').insert(0, 'x', JSON.parse(`{"${PROTO}":true}`))],
    ['an attribute', (doc) => doc.getXmlFragment('default').insert(0, [withAttribute(PROTO)])],
    ['a root', (doc) => doc.getText(PROTO).insert(0, 'x')],
  ])('[DOC21] refuses __proto__ as %s', (_, write) => {
    const doc = new Y.Doc()
    write(doc)
    expect(() => checkUpdate(Y.encodeStateAsUpdate(doc))).toThrow('__proto__')
  })

  it('[DOC21] lets everybody write the word', () => {
    const doc = new Y.Doc()
    doc.getText('content').insert(0, PROTO)
    doc.getMap('meta').set('title', PROTO)
    checkUpdate(Y.encodeStateAsUpdate(doc))
  })

  it('[DOC21] negative control: such a key becomes the prototype of what the document is read as', () => {
    const doc = new Y.Doc()
    doc.getMap('meta').set(PROTO, { admin: true })
    const copy = new Y.Doc()
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc))
    expect(Reflect.get(copy.getMap('meta').toJSON(), 'admin')).toBe(true)
  })

  it('[DOC20] refuses a client named twice, of which Yjs would forget one', () => {
    const twice = updateOf([
      { client: MALLORY, structs: [gc(1)] },
      { client: MALLORY, clock: 1, structs: [gc(1)] },
    ])
    expect(() => checkUpdate(twice)).toThrow('names a client twice')
    checkUpdate(updateOf([5, 9, 7].map((client) => ({ client, structs: [gc(1)] }))))
  })
})

const weigh = (doc: Y.Doc, update: Uint8Array) => weighUpdate(doc, update, checkUpdate(update))

describe('what an update weighs', () => {
  it('[DOC22] is ordinary for nearly all that a few people do at random, on a document that they have long been at', () => {
    let heavy = 0
    let all = 0
    for (let seed = 1; seed <= 6; seed += 1) {
      const doc = new Y.Doc()
      for (const update of session(seed, 200)) {
        all += 1
        if (weigh(doc, update) === 'heavy') heavy += 1
        Y.applyUpdate(doc, update)
      }
    }
    // They cut emoji in two, which no editor does.
    expect(heavy / all).toBeLessThan(0.05)
  })

  it('[DOC22] is ordinary for all that is typed, pasted and indented, and for each handshake after it', () => {
    const doc = new Y.Doc()
    const ada = new Y.Doc()
    const content = ada.getText('content')
    ada.on('update', (update: Uint8Array) => {
      expect(weigh(doc, update)).toBe('ordinary')
      Y.applyUpdate(doc, update)
    })
    for (let line = 0; line < 200; line += 1) {
      for (const character of 'const 👩‍👩‍👧 = 1') content.insert(content.length, character)
      content.insert(content.length, '\n')
    }
    ada.transact(() => {
      for (let at = 0, line = 0; line < 20; line += 1) {
        content.insert(at, '\t')
        at = content.toString().indexOf('\n', at) + 1
      }
    })
    // New text between new text, as when lines are moved about in one go.
    ada.transact(() => {
      content.insert(40, 'three one')
      content.insert(45, ' two')
      content.insert(40, 'zero ')
      content.delete(60, 200)
      content.format(10, 20, { bold: true })
    })
    const before = Y.encodeStateVector(doc)
    content.insert(40, 'offline')
    content.delete(5, 10)
    const late = new Y.Doc()
    Y.applyUpdate(late, Y.encodeStateAsUpdate(ada))
    expect(weigh(doc, Y.encodeStateAsUpdate(late, before))).toBe('ordinary')
  })

  it.each<[string, Uint8Array]>([
    ['the same key again and again', oneKey(HEAVY.keyed + 1)],
    ['many structs', updateOf([{ client: MALLORY, structs: times(HEAVY.structs + 1, () => gc(1)) }])],
    ['many new clients', manyClients(HEAVY.clients + 1)],
    ['deep types', nested(HEAVY.depth + 1)],
    [
      'deletions in an order in which nobody writes them',
      updateOf([], [{ client: MALLORY, ranges: [[4, 1] as const, [0, 1] as const] }]),
    ],
  ])('[DOC22] is heavy for %s', (_, update) => {
    expect(weigh(new Y.Doc(), update)).toBe('heavy')
  })

  it('[DOC22] counts deletions only where something is left to delete', () => {
    const doc = new Y.Doc()
    doc.clientID = 5
    doc.getText('content').insert(0, 'x'.repeat(10_000))
    const ranges = times(HEAVY.ranges + 1, (index) => [index * 3, 1] as const)
    const update = updateOf([], [{ client: 5, ranges }])
    expect(weigh(doc, update)).toBe('heavy')
    Y.applyUpdate(doc, update)
    // As a client that comes back brings them, with each of its handshakes.
    expect(weigh(doc, update)).toBe('ordinary')
  })

  it('[DOC22] counts the depth that is there already', () => {
    const doc = new Y.Doc()
    for (let depth = 0; depth < HEAVY.depth; depth += 32) {
      const update = nested(32, depth)
      expect(weigh(doc, update)).toBe('ordinary')
      Y.applyUpdate(doc, update)
    }
    expect(weigh(doc, nested(1, HEAVY.depth))).toBe('heavy')
    // What stands beside something deep is as deep, though it names no type.
    const beside = item(MALLORY, CONTENT.type, sharedType(TYPE.array), { origin: HEAVY.depth - 1 })
    const sibling = updateOf([{ client: MALLORY, clock: HEAVY.depth, structs: [beside] }])
    expect(weigh(doc, sibling)).toBe('ordinary')
    const inside = item(MALLORY, CONTENT.type, sharedType(TYPE.array), { parent: HEAVY.depth })
    expect(weigh(doc, updateOf([{ client: MALLORY, clock: HEAVY.depth, structs: [beside, inside] }]))).toBe(
      'heavy',
    )
  })

  it('[DOC23] refuses more roots than a document may have, be it a few at a time', () => {
    const doc = new Y.Doc()
    for (let root = 0; root < DOCUMENT.roots; root += 1) doc.getText(`honest ${root}`)
    expect(() => weigh(doc, manyRoots(1))).toThrow('too many roots')
    const known = updateOf([
      { client: MALLORY, structs: [item(MALLORY, CONTENT.string, text(), { parent: 'honest 7' })] },
    ])
    expect(weigh(doc, known)).toBe('ordinary')
  })

  it('[DOC24] refuses what says something else than is there, in part', () => {
    const doc = new Y.Doc()
    doc.clientID = 5
    doc.getText('content').insert(0, 'hello')
    const continued = (place: Parameters<typeof item>[3], clock = 0) =>
      updateOf([{ client: 5, clock, structs: [item(5, CONTENT.string, text('hello, and more'), place)] }])
    expect(weigh(doc, continued({ parent: 'content' }))).toBe('ordinary')
    expect(weigh(doc, continued({ origin: 1 }, 2))).toBe('ordinary')
    expect(() => weigh(doc, continued({ parent: 'another' }))).toThrow('rewrites what is there')
    expect(() => weigh(doc, continued({ origin: 0 }, 2))).toThrow('rewrites what is there')
  })

  it('[DOC24] refuses what rewrites collected history, at which Yjs throws half-way', () => {
    const doc = new Y.Doc()
    Y.applyUpdate(doc, updateOf([{ client: MALLORY, structs: [gc(5)] }]))
    const forged = updateOf([
      { client: MALLORY, structs: [item(MALLORY, CONTENT.string, text('forged history'))] },
    ])
    expect(() => weigh(doc, forged)).toThrow('rewrites what is there')
    expect(() => Y.applyUpdate(doc, forged)).toThrow(TypeError)
  })

  it('[DOC24] lets a client send again what is deleted and collected, whole or in part', () => {
    const ada = new Y.Doc()
    const server = new Y.Doc()
    const list = ada.getArray('list')
    list.push([new Y.Text('hello')])
    Y.applyUpdate(server, Y.encodeStateAsUpdate(ada))
    server.getArray('list').delete(0)
    const inner = list.get(0)
    if (inner instanceof Y.Text) inner.insert(5, ' world')
    const again = Y.encodeStateAsUpdate(ada)
    expect(weigh(server, again)).toBe('ordinary')
    Y.applyUpdate(server, again)
    expect(Y.encodeStateVector(server)).toEqual(Y.encodeStateVector(ada))
  })
})
