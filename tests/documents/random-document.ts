import * as Y from 'yjs'

export type Random = () => number

/** Numbers between 0 and 1 that are the same in every run. */
export function seeded(seed: number): Random {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const below = (random: Random, limit: number): number => Math.floor(random() * limit)
const pick = <T>(random: Random, choices: readonly T[]): T | undefined =>
  choices[below(random, choices.length)]

const WORDS = ['a', 'word', 'Grüße', '日本', '👩‍👩‍👧', 'line\nline', 'x'.repeat(200)]
const VALUES = [
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 40,
  'text',
  [1, [2]],
  { deep: { er: ['é'] } },
  new Uint8Array([1, 2]),
]

/** One edit such as editors make: of text, formats, embeds, maps, arrays and XML, inserting and deleting. */
function edit(doc: Y.Doc, random: Random): void {
  const content = doc.getText('content')
  const meta = doc.getMap<unknown>('meta')
  const xml = doc.getXmlFragment('default')
  const list = doc.getArray<unknown>('list')
  doc.transact(() => {
    for (let i = below(random, 4); i >= 0; i -= 1) {
      switch (below(random, 12)) {
        case 0:
        case 1:
          content.insert(below(random, content.length + 1), pick(random, WORDS) ?? '')
          break
        case 2:
          editText(content, random)
          break
        case 3:
          meta.set(`key ${below(random, 4)}`, pick(random, VALUES))
          break
        case 4:
          meta.set('nested', random() < 0.5 ? new Y.Map([['inner', 1]]) : new Y.Text('inner'))
          break
        case 5:
          meta.delete(`key ${below(random, 4)}`)
          break
        case 6:
          list.insert(below(random, list.length + 1), [pick(random, VALUES) ?? null, { big: 7n }])
          break
        case 7:
          if (list.length > 0) list.delete(below(random, list.length), 1)
          break
        case 8:
          xml.insert(below(random, xml.length + 1), [paragraph(random)])
          break
        case 9:
          if (xml.length > 0) xml.delete(below(random, xml.length), 1)
          break
        default:
          editElement(xml, random)
      }
    }
  })
}

function editText(text: Y.Text | Y.XmlText, random: Random): void {
  const at = below(random, text.length)
  const length = Math.min(1 + below(random, 5), text.length - at)
  if (length < 1) {
    text.insert(0, 'first', { bold: true })
    return
  }
  switch (below(random, 4)) {
    case 0:
      text.delete(at, length)
      break
    case 1:
      text.format(at, length, {
        [random() < 0.5 ? 'bold' : 'link']: pick(random, [true, null, { href: '/é' }]),
      })
      break
    case 2:
      text.insertEmbed(at, { image: 'one.png' })
      break
    default:
      text.insert(at, pick(random, WORDS) ?? '', { italic: true })
  }
}

function paragraph(random: Random): Y.XmlElement {
  const element = new Y.XmlElement(pick(random, ['paragraph', 'heading', 'listItem']) ?? 'p')
  element.setAttribute('level', `${below(random, 4)}`)
  element.insert(0, [new Y.XmlText(pick(random, WORDS) ?? '')])
  return element
}

function editElement(xml: Y.XmlFragment, random: Random): void {
  const element = pick(random, xml.toArray())
  if (!(element instanceof Y.XmlElement)) return
  const child = pick(random, element.toArray())
  if (child instanceof Y.XmlText && random() < 0.8) editText(child, random)
  else if (random() < 0.3 && element.length > 0) element.delete(below(random, element.length), 1)
  else element.insert(element.length, [random() < 0.5 ? paragraph(random) : new Y.XmlText('more')])
}

/**
 * What some people write together: their updates in the order in which a server gets them. They see each
 * other's edits late, or not for a while.
 */
export function session(seed: number, edits: number, people = 3): Uint8Array[] {
  const random = seeded(seed)
  const updates: Uint8Array[] = []
  const server = new Y.Doc()
  const docs = Array.from({ length: people }, (_, index) => {
    const doc = new Y.Doc()
    doc.clientID = 1_000 + index * 1_000_003 // the same in every run
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin === 'server') return
      updates.push(update)
      Y.applyUpdate(server, update)
    })
    return doc
  })
  for (let i = 0; i < edits; i += 1) {
    const doc = pick(random, docs)
    if (doc === undefined) continue
    if (random() < 0.3) Y.applyUpdate(doc, Y.encodeStateAsUpdate(server, Y.encodeStateVector(doc)), 'server')
    edit(doc, random)
  }
  return updates
}
