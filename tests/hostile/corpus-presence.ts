import {
  ATTACKER,
  type FrameAttack,
  HARMLESS,
  type Outcome,
  type Role,
  refused,
  type Scene,
} from './attack.ts'
import {
  AWARENESS,
  type AwarenessEntry,
  awareness,
  BEYOND,
  frame,
  joined,
  LAST,
  pack,
  raw,
  STATELESS,
  times,
} from './bytes.ts'
import { jsonNested } from './update.ts'

const MIB = 1024 * 1024

/** Either the frame cannot be read, or what it says is not taken. */
const REFUSED = refused('awareness-invalid', 'frame-malformed')
const HERE = '{"user":{"name":"Ada"}}'

const presence = (
  name: string,
  outcome: Outcome,
  make: (scene: Scene) => readonly Uint8Array[],
  as: Role = 'writer',
): FrameAttack => ({
  kind: 'frames',
  name,
  against: 'who is seen',
  outcome,
  presenceStays: true,
  as,
  frames: (scene) => make(scene).map((update) => frame(scene.room, AWARENESS, update)),
})

const stateless = (
  name: string,
  outcome: Outcome,
  ...payloads: readonly (string | Uint8Array)[]
): FrameAttack => ({
  kind: 'frames',
  name,
  against: 'reading a stateless message',
  outcome,
  as: 'writer',
  frames: ({ room }) => payloads.map((payload) => frame(room, STATELESS, payload)),
})

const own = (clock: number, state: string): AwarenessEntry => [ATTACKER, clock, state]

/** Awareness, and stateless messages. */
export const PRESENCE: readonly FrameAttack[] = [
  presence("somebody else's presence, overwritten", REFUSED, ({ victim }) => [
    awareness([victim.client, 1000, '{"user":{"name":"not me"}}']),
  ]),
  // An honest client that heard nothing of somebody for long says so in good faith; it is not believed.
  presence("somebody else's presence, ended", HARMLESS, ({ victim }) => [
    awareness([victim.client, 1001, 'null']),
  ]),
  presence(
    "somebody else's presence, ended by a reader",
    HARMLESS,
    ({ victim }) => [awareness([victim.client, 1002, 'null'])],
    'reader',
  ),
  presence("somebody else's presence, at the end of all clocks", REFUSED, ({ victim }) => [
    awareness([victim.client, LAST, HERE]),
  ]),
  presence('its own presence, beside the end of another', HARMLESS, ({ victim }) => [
    awareness(own(1, HERE), [victim.client, 1003, 'null']),
  ]),
  presence('a hundred thousand invented people', REFUSED, () => [
    pack(
      100_000,
      times(100_000, (index) => joined(index + 1, 1, 'null')),
    ),
  ]),
  presence('two thousand invented people with states', REFUSED, () => [
    awareness(...Array.from({ length: 2000 }, (_, index): AwarenessEntry => [index + 1, 1, HERE])),
  ]),
  presence('a state of five megabytes', REFUSED, () => [
    awareness(own(1, JSON.stringify({ user: { name: 'x'.repeat(5 * MIB) } }))),
  ]),
  presence('a state nested 100,000 deep', REFUSED, () => [awareness(own(1, jsonNested(100_000)))]),
  presence('a state nested 3,000 deep', REFUSED, () => [awareness(own(1, jsonNested(3000)))]),
  presence('a state that is not JSON', REFUSED, () => [awareness(own(1, '{"user":'))]),
  presence('a state that is no object', REFUSED, () => [awareness(own(1, '"everybody"'))]),
  presence('more people than bytes', REFUSED, () => [pack(2 ** 30, raw(1))]),
  presence('a clock past what numbers hold', REFUSED, () => [pack(1, ATTACKER, BEYOND, HERE)]),
  presence('a person past what numbers hold', HARMLESS, () => [pack(1, BEYOND, 1, HERE)]),
  presence('the same person twice', HARMLESS, () => [awareness(own(1, HERE), own(2, HERE))]),
  presence('bytes behind the last person', HARMLESS, () => [pack(0, raw(1, 2, 3))]),
  presence('a state with keys that every object has', HARMLESS, () => [
    awareness(own(1, '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},"user":{}}')),
  ]),
  presence('the presence of a reader', HARMLESS, () => [awareness(own(1, HERE))], 'reader'),
  presence('a thousand presences a moment', HARMLESS, () =>
    Array.from({ length: 1000 }, (_, index) => awareness(own(index + 1, HERE))),
  ),
  presence('a new id with each of a thousand presences', HARMLESS, () =>
    Array.from({ length: 1000 }, (_, index) => awareness([ATTACKER + index, 1, HERE])),
  ),
  {
    kind: 'frames',
    name: 'a presence longer than its frame',
    against: 'who is seen',
    outcome: REFUSED,
    presenceStays: true,
    as: 'writer',
    frames: ({ room }) => [frame(room, AWARENESS, 200, raw(1))],
  },

  stateless('a stateless message of 15 megabytes', HARMLESS, 'x'.repeat(15 * MIB)),
  stateless('JSON nested 100,000 deep', HARMLESS, jsonNested(100_000)),
  stateless('JSON of half a million keys', HARMLESS, `{${'"a":0,'.repeat(500_000)}"a":0}`),
  stateless('a stateless message that is not UTF-8', HARMLESS, Uint8Array.of(255, 254, 0, 128)),
  stateless(
    'stateless messages in the words of the server',
    HARMLESS,
    '{"type":"saved","seq":999999}',
    '{"type":"reject","id":null,"code":"revoked","message":""}',
    '{"__proto__":{"type":"head"}}',
    'null',
    '',
  ),
  stateless('two thousand questions for the head', HARMLESS, ...Array<string>(2000).fill('{"type":"head"}')),
  {
    kind: 'frames',
    name: 'a stateless message longer than its frame',
    against: 'reading a stateless message',
    outcome: refused('frame-malformed'),
    as: 'writer',
    frames: ({ room }) => [frame(room, STATELESS, 5000, raw(123))],
  },
]
