import * as Y from 'yjs'
import { ATTACKER, HARMLESS, type Outcome, refused, type Scene, type UpdateAttack } from './attack.ts'
import { BEYOND, ENDLESS, joined, LAST, pack, raw } from './bytes.ts'
import {
  any,
  anyNested,
  anyString,
  binary,
  by,
  deleted,
  deletions,
  embed,
  format,
  gc,
  item,
  json,
  jsonNested,
  skip,
  string,
  subdocument,
  TYPE,
  type,
  unknown,
  update,
} from './update.ts'

const READING = 'reading an update'
const OPENING = 'a room that must open again'
const TIME = 'the time of the processor'
const MEMORY = 'memory'

/** It cannot be read, or it can and would do harm. */
export const REFUSED = refused('update-malformed', 'update-refused')

export const against =
  (what: string, outcome: Outcome) =>
  (name: string, make: Uint8Array | ((scene: Scene) => Uint8Array)): UpdateAttack => ({
    kind: 'update',
    name,
    against: what,
    outcome,
    update: typeof make === 'function' ? make : () => make,
  })

/** An honest little edit in the attacker's name, to see whether it gets in. */
export const mark = (): Uint8Array => update([by([ATTACKER, 0], [item(string('hostile'))])])

/** One item of the attacker's. */
const one = (...of: Parameters<typeof item>): Uint8Array => update([by([ATTACKER, 0], [item(...of)])])

const unreadable = against(READING, REFUSED)
const closing = against(OPENING, REFUSED)
const slow = against(TIME, REFUSED)
const large = against(MEMORY, REFUSED)
/** As much as somebody may bring who was offline for long. */
const bearable = against(TIME, HARMLESS)

/** Updates that are no updates, or that say what cannot be: each is known from its bytes alone. */
export const ENCODINGS: readonly UpdateAttack[] = [
  unreadable('no bytes', new Uint8Array()),
  unreadable('one byte', raw(0).raw),
  unreadable('a byte too many', ({ state }) => pack({ raw: state }, raw(0))),
  unreadable('a byte too few', ({ state }) => state.slice(0, -1)),
  unreadable('the first half of an honest one', ({ state }) => state.slice(0, state.length / 2)),
  unreadable('noise', raw(9, 200, 200, 200, 1, 7).raw),
  unreadable('the second encoding in place of the first', () => {
    const doc = new Y.Doc()
    doc.getText('content').insert(0, 'hostile')
    return Y.encodeStateAsUpdateV2(doc)
  }),
  unreadable('a number of clients without an end', pack(ENDLESS)),
  unreadable('2^25 structs and none of them there', pack(1, 2 ** 25, ATTACKER, 0)),
  unreadable('2^25 clients and none of them there', pack(2 ** 25)),
  unreadable('2^25 deletions and none of them there', pack(0, 1, ATTACKER, 2 ** 25)),
  unreadable('2^25 deleting clients and none of them there', pack(0, 2 ** 25)),
  unreadable('2^25 values and none of them there', one(any([], 2 ** 25))),
  unreadable('a client that is no number', update([by([BEYOND, 0], [item(string('x'))])])),
  unreadable('a text that is not UTF-8', one(string(Uint8Array.of(0xff, 0xfe, 0x80)))),
  unreadable('half of a surrogate pair', one(string(Uint8Array.of(0xed, 0xa0, 0x80)))),
  unreadable('content of no kind', one(unknown(31))),
  unreadable('content of a kind to come', one(unknown(11))),
  unreadable('a shared type of no kind', one(type(7))),
  unreadable('an embed that is not JSON', one(embed('undefined'))),
  unreadable('a format that is not JSON', one(format('bold', '{'))),
  unreadable('a value of no type', one(any([raw(100)]))),
  unreadable(
    'a binary longer than the update',
    update([by([ATTACKER, 0], [joined(raw(3), 1, 'content', 2 ** 30)])]),
  ),

  closing('three runs of nothing', update([by([ATTACKER, 0], [gc(0), gc(0), gc(0)])])),
  closing('a deleted run of nothing', one(deleted(0))),
  closing('a text of nothing', one(string(''))),
  closing('a skip of nothing', update([by([ATTACKER, 0], [skip(0), item(string('x'))])])),
  closing('values, none', one(any([]))),
  closing('JSON values, none', one(json())),
  closing('a deletion of nothing', update([], [deletions(ATTACKER, [[0, 0]])])),
  closing('a clock at the end of all numbers', update([by([ATTACKER, LAST], [item(string('xy'))])])),
  closing('a clock beyond', update([by([ATTACKER, BEYOND], [item(string('x'))])])),
  closing('a run to the end of all numbers', update([by([ATTACKER, 0], [gc(LAST)])])),
  closing('two runs that end beyond', update([by([ATTACKER, 0], [gc(LAST), gc(LAST)])])),
  closing('a deletion that ends beyond', update([], [deletions(ATTACKER, [[LAST, LAST]])])),
  closing('a subdocument', one(subdocument())),
  closing('an item that is its own origin', one(string('x'), { origin: [ATTACKER, 0] })),
  closing(
    'an item whose origin is the next one',
    update([by([ATTACKER, 0], [item(string('x'), { origin: [ATTACKER, 1] }), item(string('y'))])]),
  ),
  closing('an item that is its own right neighbour', one(string('x'), { rightOrigin: [ATTACKER, 0] })),
  closing('an item inside itself', one(type(TYPE.map), { parent: [ATTACKER, 0], key: 'k' })),
  closing('a value nested 6,000 deep', one(any([anyNested(6000)]))),
  closing('JSON nested 6,000 deep', one(json(jsonNested(6000)))),
  closing('an embed nested 6,000 deep', one(embed(jsonNested(6000)))),
  closing('a format nested 6,000 deep', one(format('bold', jsonNested(6000)))),

  large(
    'a client of 100,000',
    update(Array.from({ length: 100_000 }, (_, index) => by([index + 1, 0], [gc(1)]))),
  ),
  large(
    'a deletion of 100,000 clients',
    update(
      [],
      Array.from({ length: 100_000 }, (_, index) => deletions(index + 1, [[0, 1]])),
    ),
  ),
  large('a million values in one run', one(any(Array<{ raw: Uint8Array }>(1_000_000).fill(raw(126))))),
  large('a run of a billion that nobody wrote', update([by([ATTACKER, 0], [gc(2 ** 30)])])),
  large('a name of a root of a megabyte', one(string('x'), { parent: 'r'.repeat(1024 * 1024) })),
  large(
    '10,000 roots',
    update([
      by(
        [ATTACKER, 0],
        Array.from({ length: 10_000 }, (_, index) => item(string('x'), { parent: `root ${index}` })),
      ),
    ]),
  ),
  large(
    'a title of ten megabytes',
    one(any([anyString('t'.repeat(10 * 1024 * 1024))]), { parent: 'meta', key: 'title' }),
  ),
  large('a binary of fifteen megabytes', one(binary(new Uint8Array(15 * 1024 * 1024)))),

  slow(
    'the same key 80,000 times',
    update([
      by(
        [ATTACKER, 0],
        Array.from({ length: 80_000 }, () => item(any([raw(126)]), { parent: 'meta', key: 'k' })),
      ),
    ]),
  ),
  slow(
    '30,000 people at one place',
    update(Array.from({ length: 30_000 }, (_, index) => by([ATTACKER + index, 0], [item(string('x'))]))),
  ),
  bearable(
    '50,000 formats',
    update([
      by(
        [ATTACKER, 0],
        [
          item(format('bold', 'true')),
          ...Array.from({ length: 50_000 }, (_, index) =>
            item(format(`f${index}`, 'true'), { origin: [ATTACKER, index] }),
          ),
        ],
      ),
    ]),
  ),
  bearable(
    '100,000 embeds',
    update([
      by(
        [ATTACKER, 0],
        [
          item(embed('{}')),
          ...Array.from({ length: 100_000 }, (_, index) => item(embed('{}'), { origin: [ATTACKER, index] })),
        ],
      ),
    ]),
  ),
  slow('200,000 ranges deleted that overlap', ({ victim }) =>
    update(
      [],
      [
        deletions(
          victim.client,
          Array.from({ length: 200_000 }, () => [0, 1] as const),
        ),
      ],
    ),
  ),
]
