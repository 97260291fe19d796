import { typedCharacter } from '../../bench/load/update.ts'
import {
  ATTACKER,
  type FrameAttack,
  HARMLESS,
  IGNORED,
  type Outcome,
  type Role,
  refused,
  type Scene,
} from './attack.ts'
import {
  AUTH,
  BEYOND,
  BROADCAST_STATELESS,
  CLOSE,
  ENDLESS,
  frame,
  joined,
  LAST,
  PING,
  PONG,
  pack,
  QUERY_AWARENESS,
  raw,
  STATELESS,
  STEP_1,
  STEP_2,
  SYNC,
  SYNC_REPLY,
  SYNC_STATUS,
  times,
  UPDATE,
} from './bytes.ts'
import { mark } from './corpus-updates.ts'

const MIB = 1024 * 1024
const TOKEN = 0
const MALFORMED = refused('frame-malformed')

const frames = (
  name: string,
  against: string,
  outcome: Outcome,
  make: FrameAttack['frames'],
  as: Role = 'writer',
): FrameAttack => ({ kind: 'frames', name, against, outcome, frames: make, as })

const leaving = (attack: FrameAttack): FrameAttack => ({ ...attack, leaves: true })

const repeated = (count: number, make: (scene: Scene, index: number) => Uint8Array) => (scene: Scene) =>
  Array.from({ length: count }, (_, index) => make(scene, index))

const READING = 'reading a frame'
const ADDRESS = 'the address of a frame'
const ACCESS = 'who may do what'
const QUEUE = 'what is queued for whom nobody knows'
const HANDSHAKE = 'the first question'
const FLOOD = 'the time of the processor'

/** Frames of the Hocuspocus protocol, but for awareness and stateless messages. */
export const PROTOCOL: readonly FrameAttack[] = [
  frames('no bytes at all', READING, MALFORMED, () => [new Uint8Array()]),
  frames('an address whose length never ends', READING, MALFORMED, () => [pack(ENDLESS)]),
  frames('an address longer than its frame', READING, MALFORMED, () => [pack(1000, raw(100, 111, 99))]),
  frames('an address of 2^53 bytes', READING, MALFORMED, () => [pack(BEYOND, raw(1))]),
  frames('an address and nothing else', READING, MALFORMED, ({ room }) => [pack(room)]),
  frames('an address that is not UTF-8', ADDRESS, HARMLESS, () => [
    pack(raw(5, 100, 58, 255, 254, 253), SYNC),
  ]),
  frames('a type that never ends', READING, MALFORMED, ({ room }) => [pack(room, ENDLESS)]),
  frames('types that there are not', READING, HARMLESS, ({ room }) =>
    [11, 42, 127, 2 ** 32, LAST].map((type) => frame(room, type, 'x')),
  ),
  frames('a sync message without a kind', READING, MALFORMED, ({ room }) => [frame(room, SYNC)]),
  frames('a sync message of no kind', READING, MALFORMED, ({ room }) => [frame(room, SYNC, 9, raw(2, 0, 0))]),
  frames('an update longer than its frame', READING, MALFORMED, ({ room }) => [
    frame(room, SYNC, UPDATE, 4 * MIB, raw(0)),
  ]),
  frames('a text message of the WebSocket', READING, HARMLESS, ({ room }) => [room, '{}', '\ud800']),
  frames('a frame over the limit', 'memory', refused('frame-too-large', '1009'), ({ room }) => [
    frame(room, STATELESS, 'x'.repeat(17 * MIB)),
  ]),

  frames('a name of 100 kB', ADDRESS, IGNORED, ({ stolen }) => [
    frame(`doc:${'n'.repeat(100_000)}`, AUTH, TOKEN, stolen),
  ]),
  frames('names that every object has', ADDRESS, IGNORED, ({ stolen }) =>
    ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__'].map((name) =>
      frame(name, AUTH, TOKEN, stolen),
    ),
  ),
  frames('names that would write lines of the log', ADDRESS, IGNORED, ({ stolen }) =>
    ['doc:a\n{"level":60,"msg":"all is lost"}', 'doc:\u001b[2J', 'doc:\u202eexe', 'doc:\u2028'].map((name) =>
      frame(name, AUTH, TOKEN, stolen),
    ),
  ),
  frames('a session id of 100 kB', ADDRESS, HARMLESS, ({ room, stolen }) => {
    const address = `${room}\0${'s'.repeat(100_000)}`
    return [
      frame(address, AUTH, TOKEN, stolen),
      frame(address, SYNC, STEP_1, raw(1, 0)),
      frame(address, SYNC, UPDATE, mark()),
    ]
  }),
  frames('a thousand sessions of one room', ADDRESS, HARMLESS, ({ room, stolen }) =>
    Array.from({ length: 1000 }, (_, index) => frame(`${room}\0${index}`, AUTH, TOKEN, stolen)),
  ),
  frames('another room as the session of this one', ACCESS, HARMLESS, ({ room, elsewhere }) => [
    frame(`${room}\0${elsewhere}`, SYNC, STEP_1, raw(1, 0)),
  ]),
  frames('this room as the session of another', ACCESS, IGNORED, ({ room, elsewhere }) => [
    frame(`${elsewhere}\0${room}`, SYNC, UPDATE, mark()),
  ]),

  frames(
    'an edit before the token',
    ACCESS,
    IGNORED,
    ({ room }) => [frame(room, SYNC, UPDATE, mark())],
    'nobody',
  ),
  frames('an edit behind a refused token', ACCESS, IGNORED, ({ elsewhere }) => [
    frame(elsewhere, SYNC, UPDATE, mark()),
    frame(elsewhere, AUTH, TOKEN, 'no.such.token'),
    frame(elsewhere, SYNC, UPDATE, mark()),
  ]),
  frames(
    'an edit in a room without a grant',
    ACCESS,
    IGNORED,
    ({ room }) => [frame(room, SYNC, UPDATE, mark()), frame(room, SYNC, STEP_1, raw(1, 0))],
    'outsider',
  ),
  frames(
    'an edit of a reader',
    ACCESS,
    IGNORED,
    ({ room }) => [
      frame(room, SYNC, UPDATE, mark()),
      frame(room, SYNC, STEP_2, mark()),
      frame(room, SYNC_REPLY, UPDATE, mark()),
      frame(room, SYNC_REPLY, STEP_2, mark()),
    ],
    'reader',
  ),
  frames('a second token of the same person', ACCESS, HARMLESS, ({ room }) => [
    frame(room, AUTH, 1, 'I may'),
    frame(room, AUTH, 2, 'read-write'),
    frame(room, AUTH, 77),
  ]),
  frames(
    "somebody else's token on a connection that stands",
    ACCESS,
    refused('forbidden'),
    ({ room, stolen }) => [frame(room, AUTH, TOKEN, stolen)],
  ),
  frames('a token that is none on a connection that stands', ACCESS, refused('token-invalid'), ({ room }) => [
    frame(room, AUTH, TOKEN, 'eyJhbGciOiJub25lIn0.e30.'),
  ]),
  frames(
    'a token of a megabyte',
    'reading a token',
    refused('token-invalid', 'frame-too-large'),
    ({ room }) => [frame(room, AUTH, TOKEN, 'a.'.repeat(MIB))],
  ),
  frames('a token without an end', READING, MALFORMED, ({ room }) => [
    frame(room, AUTH, TOKEN, 1000, raw(1)),
  ]),

  frames(
    '1,100 frames before the token',
    QUEUE,
    IGNORED,
    repeated(1100, ({ room }) => frame(room, SYNC, UPDATE, mark())),
    'nobody',
  ),
  frames(
    'eight megabytes before the token',
    QUEUE,
    IGNORED,
    repeated(8, ({ room }) => frame(room, STATELESS, 'x'.repeat(MIB))),
    'nobody',
  ),
  frames(
    'a thousand rooms before the token',
    QUEUE,
    IGNORED,
    repeated(1000, (_, index) => frame(`doc:pending-${index}`, SYNC, STEP_1, raw(1, 0))),
    'nobody',
  ),
  frames(
    'three hundred tokens that are none',
    FLOOD,
    IGNORED,
    repeated(300, ({ room }, index) => frame(room, AUTH, TOKEN, `guess.${index}.x`)),
    'nobody',
  ),

  frames('a state vector of a billion clients', HANDSHAKE, MALFORMED, ({ room }) => [
    frame(room, SYNC, STEP_1, pack(2 ** 30, 5)),
  ]),
  frames('a state vector with clocks from the future', HANDSHAKE, HARMLESS, ({ room, victim }) => [
    frame(room, SYNC, STEP_1, pack(2, victim.client, LAST, 5, LAST)),
  ]),
  frames('a state vector whose clock is no number', HANDSHAKE, MALFORMED, ({ room }) => [
    frame(room, SYNC, STEP_1, pack(1, 5, ENDLESS)),
  ]),
  frames('a state vector of 100,000 clients', HANDSHAKE, HARMLESS, ({ room }) => [
    frame(
      room,
      SYNC,
      STEP_1,
      pack(
        100_000,
        times(100_000, (index) => joined(index, 1)),
      ),
    ),
  ]),
  frames(
    'five hundred different state vectors',
    HANDSHAKE,
    HARMLESS,
    repeated(500, ({ room }, index) => frame(room, SYNC, STEP_1, pack(1, index + 1, 1))),
  ),
  frames(
    "five hundred times the whole document, through a reply's door",
    HANDSHAKE,
    HARMLESS,
    repeated(500, ({ room }) => frame(room, SYNC_REPLY, STEP_1, raw(1, 0))),
  ),
  frames(
    'a thousand handshakes of a reader',
    FLOOD,
    HARMLESS,
    repeated(1000, ({ room, state }) => frame(room, SYNC, STEP_2, state)),
    'reader',
  ),

  frames('a message for servers only', ACCESS, MALFORMED, ({ room }) => [
    frame(room, BROADCAST_STATELESS, '{"type":"saved","seq":9}'),
  ]),
  frames('acknowledgements of its own making', ACCESS, HARMLESS, ({ room }) => [
    frame(room, SYNC_STATUS, 1),
    frame(room, SYNC_STATUS, 0),
  ]),
  leaving(
    frames('a close message, and an edit behind it', ACCESS, IGNORED, ({ room }) => [
      frame(room, CLOSE, 'goodbye'),
      frame(room, SYNC, UPDATE, mark()),
    ]),
  ),
  frames('a close message for a room it is not in', ACCESS, HARMLESS, ({ elsewhere }) => [
    frame(elsewhere, CLOSE, 'you all'),
  ]),
  frames(
    'two thousand pings',
    FLOOD,
    HARMLESS,
    repeated(2000, ({ room }, i) => frame(room, i % 2 ? PING : PONG)),
  ),
  frames(
    'two thousand questions for who is there',
    FLOOD,
    HARMLESS,
    repeated(2000, ({ room }) => frame(room, QUERY_AWARENESS)),
  ),
  leaving(
    frames('a hundred joins and leaves', FLOOD, HARMLESS, ({ room, stolen }) =>
      Array.from({ length: 200 }, (_, index) =>
        index % 2 === 0 ? frame(room, CLOSE, '') : frame(room, AUTH, TOKEN, stolen),
      ),
    ),
  ),
  frames('twenty thousand edits in one go', FLOOD, HARMLESS, ({ room }) =>
    Array.from({ length: 20_000 }, (_, clock) => frame(room, SYNC, UPDATE, typedCharacter(ATTACKER, clock))),
  ),
]
