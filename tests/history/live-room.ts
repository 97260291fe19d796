import fc from 'fast-check'
import * as Y from 'yjs'
import type { HistoryEntry } from '../../server/history/positions/history-document.ts'
import { ServerDocument } from '../documents/server-document.ts'

/** One thing that somebody does; places are fractions, so that each fits whatever is there by then. */
interface Step {
  readonly person: number
  readonly action: Action
  /** Where, how far, and which of the choices. */
  readonly at: number
  readonly length: number
  readonly choice: number
}

const ACTIONS = [
  'type',
  'type',
  'type',
  'erase',
  'erase',
  'format',
  'embed',
  'set',
  'unset',
  'nest',
  'push',
  'pull',
  'block',
  'attribute',
  'rich',
  'rich format',
  'cut block',
  'undo',
  'redo',
  'send',
  'send',
  'send',
  'send everything',
  'receive',
  'receive',
  'reload',
] as const
type Action = (typeof ACTIONS)[number]

const fraction = fc.integer({ min: 0, max: 999 }).map((value) => value / 1000)

const step: fc.Arbitrary<Step> = fc.record({
  person: fc.integer({ min: 0, max: 2 }),
  action: fc.constantFrom(...ACTIONS),
  at: fraction,
  length: fraction,
  choice: fraction,
})

/** What some people do to a room together. */
export const steps = (most: number): fc.Arbitrary<readonly Step[]> =>
  fc.array(step, { minLength: 1, maxLength: most, size: 'max' })

const WORDS = ['a', 'b', 'word ', 'Grüße', '日本', '👩‍👩‍👧', 'line\nline']
const VALUES = [null, true, -1, 1.5, 'text', [1, [2]], { deep: { er: ['é'] } }, new Uint8Array([1, 2])]
const TAGS = ['paragraph', 'heading', 'listItem']
const MARKS = [{ bold: true }, { bold: null }, { link: { href: '/é' } }, { italic: {} }]

const pick = <Value>(choices: readonly Value[], fraction: number): Value =>
  choices[Math.floor(fraction * choices.length)] as Value

/**
 * The log of a room as the server writes it.
 * @param clients how many ids of clients are taken
 */
export function logOf(actions: readonly Step[], clients = 0): readonly HistoryEntry[] {
  const room = new LiveRoom(clients)
  for (const action of actions) room.take(action)
  return room.entries
}

class LiveRoom {
  readonly entries: HistoryEntry[] = []
  readonly #server: ServerDocument
  readonly #people: Person[]
  #clients: number

  constructor(clients: number) {
    this.#clients = clients
    this.#server = new ServerDocument(({ bytes, actor }) => {
      const seq = this.entries.length + 1
      this.entries.push({ seq, at: 1_700_000_000_000 + seq * 777, actor, bytes })
    })
    this.#people = ['ada', 'bob', 'cleo'].map((name) => new Person(name, this.#newClient()))
  }

  take(step: Step): void {
    const person = this.#people[step.person]
    if (person === undefined) return
    switch (step.action) {
      case 'send':
        this.#send(person, Y.encodeStateVector(this.#server.doc))
        break
      case 'send everything':
        // A SyncStep2 to a server that has none of it, with all that was ever deleted.
        this.#send(person, undefined)
        break
      case 'receive':
        Y.applyUpdate(person.doc, Y.encodeStateAsUpdate(this.#server.doc, Y.encodeStateVector(person.doc)))
        break
      case 'reload': {
        this.#send(person, Y.encodeStateVector(this.#server.doc))
        const doc = this.#newClient()
        Y.applyUpdate(doc, Y.encodeStateAsUpdate(this.#server.doc))
        person.use(doc)
        break
      }
      default:
        person.edit(step)
    }
  }

  #send({ doc, name }: Person, known: Uint8Array | undefined): void {
    this.#server.take(Y.encodeStateAsUpdate(doc, known), name)
  }

  #newClient(): Y.Doc {
    const doc = new Y.Doc()
    this.#clients += 1
    // Neither ascending nor descending: Yjs orders what was written at one place by client.
    doc.clientID = (this.#clients * 7_919) % 1_000_003
    return doc
  }
}

class Person {
  readonly name: string
  doc: Y.Doc
  #undo: Y.UndoManager

  constructor(name: string, doc: Y.Doc) {
    this.name = name
    this.doc = doc
    this.#undo = undoOf(doc)
  }

  use(doc: Y.Doc): void {
    this.doc = doc
    this.#undo = undoOf(doc)
  }

  edit(step: Step): void {
    if (step.action === 'undo') this.#undo.undo()
    else if (step.action === 'redo') this.#undo.redo()
    else this.doc.transact(() => edit(this.doc, step))
  }
}

const undoOf = (doc: Y.Doc): Y.UndoManager =>
  new Y.UndoManager(
    [doc.getText('content'), doc.getMap('meta'), doc.getArray('list'), doc.getXmlFragment('default')],
    {
      captureTimeout: 0,
    },
  )

function edit(doc: Y.Doc, { action, at, length, choice }: Step): void {
  const content = doc.getText('content')
  const meta = doc.getMap<unknown>('meta')
  const list = doc.getArray<unknown>('list')
  const rich = doc.getXmlFragment('default')
  const index = Math.floor(at * (content.length + 1))
  const key = `key ${Math.floor(at * 3)}`
  switch (action) {
    case 'type':
      content.insert(index, pick(WORDS, choice))
      break
    case 'erase':
      content.delete(index, Math.min(content.length - index, Math.ceil(length * 6)))
      break
    case 'format':
      content.format(index, Math.min(content.length - index, Math.ceil(length * 6)), pick(MARKS, choice))
      break
    case 'embed':
      content.insertEmbed(index, { image: 'one.png' })
      break
    case 'set':
      meta.set(key, pick(VALUES, choice))
      break
    case 'unset':
      meta.delete(key)
      break
    case 'nest': {
      const nested = meta.get('nested')
      if (nested instanceof Y.Map && choice < 0.7) nested.set(key, pick(VALUES, length))
      else if (nested instanceof Y.Text && choice < 0.7) nested.insert(0, pick(WORDS, length))
      else meta.set('nested', choice < 0.85 ? new Y.Map([['inner', 1]]) : new Y.Text('inner'))
      break
    }
    case 'push':
      list.insert(Math.floor(at * (list.length + 1)), [pick(VALUES, choice), new Y.Map([['a', length]]), 7])
      break
    case 'pull':
      if (list.length > 0) list.delete(Math.floor(at * list.length), 1)
      break
    case 'block':
      containerIn(rich, choice).insert(0, [paragraph(at, length)])
      break
    case 'cut block': {
      const parent = containerIn(rich, choice)
      if (parent.length > 0) parent.delete(Math.floor(at * parent.length), 1)
      break
    }
    case 'attribute': {
      const element = elementsIn(rich)[Math.floor(at * elementsIn(rich).length)]
      if (choice < 0.7) element?.setAttribute('level', `${Math.floor(length * 4)}`)
      else element?.removeAttribute('level')
      break
    }
    case 'rich': {
      const text = textIn(rich, choice)
      const place = Math.floor(at * ((text?.length ?? 0) + 1))
      if (length < 0.6) text?.insert(place, pick(WORDS, length / 0.6), { italic: {} })
      else text?.delete(place, Math.min((text?.length ?? 0) - place, 3))
      break
    }
    case 'rich format': {
      const text = textIn(rich, choice)
      if (text === undefined) break
      const place = Math.floor(at * (text.length + 1))
      text.format(place, Math.min(text.length - place, 4), pick(MARKS, length))
      break
    }
  }
}

function paragraph(at: number, length: number): Y.XmlElement {
  const element = new Y.XmlElement(pick(TAGS, at))
  element.setAttribute('level', `${Math.floor(length * 4)}`)
  element.insert(0, [new Y.XmlText(pick(WORDS, length))])
  return element
}

const elementsIn = (parent: Y.XmlFragment): Y.XmlElement[] =>
  parent.toArray().flatMap((child) => (child instanceof Y.XmlElement ? [child, ...elementsIn(child)] : []))

const containerIn = (rich: Y.XmlFragment, choice: number): Y.XmlFragment =>
  pick([rich, rich, ...elementsIn(rich)], choice)

const textIn = (rich: Y.XmlFragment, choice: number): Y.XmlText | undefined =>
  pick(
    elementsIn(rich).flatMap((element) => element.toArray().filter((child) => child instanceof Y.XmlText)),
    choice,
  )
