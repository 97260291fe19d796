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
/** One of some; there is at least one. */
export const pick = <T>(random: Random, choices: readonly T[]): T =>
  choices[below(random, choices.length)] as T

export const WORDS = ['a', 'word ', 'Grüße', '日本', ' of text', 'line\nline', 'x'.repeat(30)]
/** Also characters of two code units, which somebody will cut in two sooner or later. */
export const WIDE_WORDS = [...WORDS, '👩‍👩‍👧', '𝔘𝔫𝔦']

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
export function edit(doc: Y.Doc, random: Random, words: readonly string[] = WORDS): void {
  const content = doc.getText('content')
  const meta = doc.getMap<unknown>('meta')
  const xml = doc.getXmlFragment('default')
  const list = doc.getArray<unknown>('list')
  doc.transact(() => {
    for (let i = below(random, 4); i >= 0; i -= 1) {
      switch (below(random, 14)) {
        case 0:
        case 1:
        case 2:
          content.insert(below(random, content.length + 1), pick(random, words))
          break
        case 3:
        case 4:
          editText(content, random, words)
          break
        case 5:
          meta.set(`key ${below(random, 4)}`, pick(random, VALUES))
          break
        case 6:
          editNested(meta, random)
          break
        case 7:
          meta.delete(`key ${below(random, 4)}`)
          break
        case 8:
          list.insert(below(random, list.length + 1), [
            pick(random, VALUES),
            { big: 7n },
            new Y.Map([['a', 1]]),
          ])
          break
        case 9:
          if (list.length > 0) list.delete(below(random, list.length), 1)
          break
        case 10:
          xml.insert(below(random, xml.length + 1), [paragraph(random)])
          break
        case 11:
          if (xml.length > 0) xml.delete(below(random, xml.length), 1)
          break
        default:
          editElement(xml, random, words)
      }
    }
  })
}

function editNested(meta: Y.Map<unknown>, random: Random): void {
  const nested = meta.get('nested')
  if (nested instanceof Y.Map && random() < 0.7) nested.set(`inner ${below(random, 3)}`, pick(random, VALUES))
  else if (nested instanceof Y.Text && random() < 0.7) editText(nested, random, WORDS)
  else meta.set('nested', random() < 0.5 ? new Y.Map([['inner', 1]]) : new Y.Text('inner'))
}

function editText(text: Y.Text | Y.XmlText, random: Random, words: readonly string[]): void {
  const at = below(random, text.length)
  const length = Math.min(1 + below(random, 8), text.length - at)
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
        [pick(random, ['bold', 'link'])]: pick(random, [true, null, { href: '/é' }]),
      })
      break
    case 2:
      text.insertEmbed(at, { image: 'one.png' })
      break
    default:
      text.insert(at, pick(random, words), pick(random, [{ italic: true }, {}]))
  }
}

function paragraph(random: Random): Y.XmlElement {
  const element = new Y.XmlElement(pick(random, ['paragraph', 'heading', 'listItem']))
  element.setAttribute('level', `${below(random, 4)}`)
  element.insert(0, [new Y.XmlText(pick(random, WORDS))])
  return element
}

function editElement(xml: Y.XmlFragment, random: Random, words: readonly string[]): void {
  if (xml.length === 0) return
  const element = pick(random, xml.toArray())
  if (!(element instanceof Y.XmlElement)) return
  const child = element.length > 0 ? pick(random, element.toArray()) : undefined
  if (random() < 0.2) element.setAttribute(pick(random, ['level', 'align']), `${below(random, 4)}`)
  else if (random() < 0.05) element.removeAttribute('level')
  else if (child instanceof Y.XmlText && random() < 0.8) editText(child, random, words)
  else if (random() < 0.3 && element.length > 0) element.delete(below(random, element.length), 1)
  else
    element.insert(below(random, element.length + 1), [
      random() < 0.5 ? paragraph(random) : new Y.XmlText('more'),
    ])
}
