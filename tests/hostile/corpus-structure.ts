import * as Y from 'yjs'
import { ATTACKER, HARMLESS, refused, type Scene, type UpdateAttack } from './attack.ts'
import { raw } from './bytes.ts'
import { against, REFUSED } from './corpus-updates.ts'
import {
  any,
  anyString,
  by,
  deleted,
  deletions,
  embed,
  format,
  gc,
  type Id,
  item,
  skip,
  string,
  TYPE,
  type,
  update,
} from './update.ts'

/** It waits for something that never comes. */
const OUT_OF_ORDER = refused('update-out-of-order', 'update-refused', 'update-malformed')

const waiting = against('what waits for something that never comes', OUT_OF_ORDER)
const forged = against("other people's edits", REFUSED)
const twisted = against('the order that everybody agrees on', REFUSED)
const deep = against('a tree that is walked', REFUSED)
const odd = against('the integration of what is odd', HARMLESS)
const names = against('names that every object has', HARMLESS)

const a = (clock: number): Id => [ATTACKER, clock]
const by1 = (...structs: Parameters<typeof by>[1]): Uint8Array => update([by([ATTACKER, 0], structs)])

/** All that is in the room, deleted: whoever may write may do that, and what follows is applied all the same. */
function deleteAll({ state }: Scene): Uint8Array {
  const clients = Y.decodeStateVector(Y.encodeStateVectorFromUpdate(state))
  return update(
    [],
    [...clients].map(([client, clock]) => deletions(client, [[0, clock]])),
  )
}

/** Elements in elements. */
const tree = (depth: number) => [
  item(type(TYPE.element, 'p'), { parent: 'default' }),
  ...Array.from({ length: depth }, (_, index) => item(type(TYPE.element, 'p'), { parent: a(index) })),
]

/** Updates that are well formed, and can only be told from honest ones by what is in the room, or by their effect. */
export const STRUCTURES: readonly UpdateAttack[] = [
  waiting('an edit after a gap', update([by([ATTACKER, 1000], [item(string('late'))])])),
  waiting('an edit after a skip', update([by([ATTACKER, 0], [skip(5), item(string('x'))])])),
  waiting('a skip and nothing else', update([by([ATTACKER, 0], [skip(5)])])),
  waiting("somebody else's edit, from the far future", ({ victim }) =>
    update([by([victim.client, victim.clock + 2 ** 30], [item(string('x'))])]),
  ),
  waiting(
    'an edit beside one that nobody wrote',
    update([by([ATTACKER, 0], [item(string('x'), { origin: [777, 9] })])]),
  ),
  waiting('an edit inside a type that nobody made', by1(item(string('x'), { parent: [777, 9] }))),
  waiting(
    'two types, each inside the other',
    update([
      by([ATTACKER + 1, 0], [item(type(TYPE.map), { parent: [ATTACKER, 0], key: 'k' })]),
      by([ATTACKER, 0], [item(type(TYPE.map), { parent: [ATTACKER + 1, 0], key: 'k' })]),
    ]),
  ),
  waiting(
    'two edits, each beside the other',
    update([
      by([ATTACKER + 1, 0], [item(string('x'), { origin: [ATTACKER, 0] })]),
      by([ATTACKER, 0], [item(string('y'), { origin: [ATTACKER + 1, 0] })]),
    ]),
  ),
  waiting('a deletion of what nobody wrote', update([], [deletions(777, [[0, 1_000_000]])])),
  waiting(
    'ten thousand gaps',
    update(Array.from({ length: 10_000 }, (_, index) => by([ATTACKER + index, 5], [item(string('x'))]))),
  ),

  forged('the clocks that somebody will write next', ({ victim }) =>
    update([by([victim.client, victim.clock], [gc(100)])]),
  ),
  forged("text in somebody else's name", ({ victim }) =>
    update([by([victim.client, victim.clock], [item(string('I never said this'))])]),
  ),
  forged('a deleted run where somebody will write', ({ victim }) =>
    update([by([victim.client, victim.clock], [item(deleted(50))])]),
  ),

  // Replicas that get such an item and an honest one in different orders hold different texts for good.
  twisted(
    'neighbours in different texts',
    by1(
      item(string('x'), { parent: 'content' }),
      item(string('y'), { parent: 'other' }),
      item(string('z'), { origin: a(0), rightOrigin: a(1) }),
    ),
  ),
  twisted(
    'neighbours the wrong way round',
    by1(item(string('abc')), item(string('z'), { origin: a(2), rightOrigin: a(0) })),
  ),
  twisted(
    'one neighbour on both sides',
    by1(item(string('abc')), item(string('z'), { origin: a(1), rightOrigin: a(1) })),
  ),
  twisted("somebody else's words as neighbours, the wrong way round", ({ victim }) =>
    update([
      by([ATTACKER, 0], [item(string('z'), { origin: [victim.client, 5], rightOrigin: [victim.client, 2] })]),
    ]),
  ),

  deep('elements nested 20,000 deep', by1(...tree(20_000))),
  deep(
    'elements nested 5,000 deep, and deleted at the root',
    update([by([ATTACKER, 0], tree(5000))], [deletions(ATTACKER, [[0, 1]])]),
  ),
  deep(
    'maps nested 10,000 deep',
    by1(
      item(type(TYPE.map), { parent: 'meta', key: 'k' }),
      ...Array.from({ length: 10_000 }, (_, index) => item(type(TYPE.map), { parent: a(index), key: 'k' })),
    ),
  ),

  odd('everything deleted', deleteAll),
  odd('everything deleted twice', (scene) => Y.mergeUpdates([deleteAll(scene), deleteAll(scene)])),
  odd('everything deleted, in ranges that overlap', ({ state }) => {
    const clients = Y.decodeStateVector(Y.encodeStateVectorFromUpdate(state))
    return update(
      [],
      [...clients].map(([client, clock]) =>
        deletions(client, [
          [0, clock],
          [0, 1],
          [0, clock],
        ]),
      ),
    )
  }),
  odd('the whole room, sent back', ({ state }) => state),
  odd('an item inside a text', by1(item(string('x')), item(string('y'), { parent: a(0) }))),
  odd('an item inside what was collected', by1(gc(3), item(string('y'), { parent: a(1) }))),
  odd('an item beside what was collected', by1(gc(3), item(string('y'), { origin: a(1) }))),
  odd(
    'an item inside what was deleted',
    update(
      [
        by(
          [ATTACKER, 0],
          [item(type(TYPE.map), { parent: 'meta', key: 'k' }), item(string('y'), { parent: a(0), key: 'l' })],
        ),
      ],
      [deletions(ATTACKER, [[0, 1]])],
    ),
  ),
  odd(
    'an origin inside a surrogate pair',
    by1(item(string('👩‍👩‍👧')), item(string('x'), { origin: a(0), rightOrigin: a(1) })),
  ),
  odd(
    'list items in a map and keys in a text',
    by1(
      item(string('x'), { parent: 'meta' }),
      item(string('y'), { parent: 'content', key: 'k' }),
      item(type(TYPE.text), { parent: 'meta', key: 'title' }),
      item(embed('{"a":1}'), { parent: 'default' }),
      item(format('bold', 'true'), { parent: 'edits' }),
    ),
  ),
  odd('a root without a name', by1(item(string('x'), { parent: '' }))),
  odd('an XML hook', by1(item(type(TYPE.hook, 'hook'), { parent: 'default' }))),
  odd(
    'an element with a name that is no name',
    by1(item(type(TYPE.element, '<script>alert(1)</script>'), { parent: 'default' })),
  ),
  odd('an embed with keys that every object has', by1(item(embed('{"__proto__":{"a":1},"constructor":1}')))),
  odd(
    'a format that is an object of objects',
    by1(item(format('link', '{"href":"javascript:alert(1)"}')), item(string('x'), { origin: a(0) })),
  ),
  odd(
    'a title of control characters',
    by1(item(any([anyString('\0\u001b[2J\n\u202e')]), { parent: 'meta', key: 'title' })),
  ),
  odd('a title that is a map', by1(item(type(TYPE.map), { parent: 'meta', key: 'title' }))),
  odd('a person of the number 0', update([by([0, 0], [item(string('x'))])])),
  odd('a person of a large number', update([by([2 ** 52, 0], [item(string('x'))])])),

  names(
    'a key that every object has',
    by1(
      ...['__proto__', 'constructor', 'toString', 'hasOwnProperty'].map((key) =>
        item(any([raw(126)]), { parent: 'meta', key }),
      ),
    ),
  ),
  names(
    'roots that every object has',
    by1(...['__proto__', 'constructor', 'toString'].map((parent) => item(string('x'), { parent }))),
  ),
  names(
    'an object with keys that every object has',
    by1(
      item(any([{ raw: Uint8Array.of(118, 1, 9, ...Buffer.from('__proto__'), 118, 1, 1, 97, 120) }]), {
        parent: 'meta',
        key: 'k',
      }),
    ),
  ),
  names(
    'formats that every object has',
    by1(
      item(format('__proto__', 'true')),
      item(format('constructor', '{"prototype":1}'), { origin: a(0) }),
      item(string('x'), { origin: a(1) }),
    ),
  ),
]
