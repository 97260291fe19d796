import * as encoding from 'lib0/encoding'
import { describe, expect, it, vi } from 'vitest'
import * as Y from 'yjs'
import { checkUpdate } from '../../server/documents/check-update.ts'
import { dropPending, hasPending } from '../../server/documents/pending.ts'
import { session } from './random-document.ts'
import { type Random, seeded } from './random-edit.ts'

const accepts = (update: Uint8Array): boolean => {
  try {
    checkUpdate(update)
    return true
  } catch (error) {
    expect(error).toMatchObject({ code: expect.stringMatching(/^update-(malformed|refused)$/) })
    return false
  }
}

/**
 * Applies it as the server does, and then asks of the document all that the server will ask of it. Returns
 * whether Yjs took it; where it throws half-way, what it took until then must be a whole document all the same.
 */
function applyAndGoOn(base: Uint8Array, update: Uint8Array): boolean {
  const doc = new Y.Doc()
  Y.applyUpdate(doc, base)
  const logged: Uint8Array[] = []
  doc.on('update', (bytes: Uint8Array) => logged.push(bytes))
  let taken = true
  try {
    Y.applyUpdate(doc, update)
  } catch {
    taken = false
  }
  dropPending(doc)
  const fold = new Y.Doc()
  for (const bytes of [base, ...logged]) Y.applyUpdate(fold, bytes)
  expect(hasPending(fold)).toBe(false)
  expect(Y.encodeStateVector(fold)).toEqual(Y.encodeStateVector(doc))
  const again = new Y.Doc()
  Y.applyUpdate(again, Y.encodeStateAsUpdate(doc))
  expect(hasPending(again)).toBe(false)
  Y.encodeStateAsUpdate(doc, Y.encodeStateVector(again))
  // Somebody who joins now can write, and what they write arrives.
  const joined = new Y.Doc()
  joined.clientID = 77_777_777
  Y.applyUpdate(joined, Y.encodeStateAsUpdate(doc))
  const before = Y.encodeStateVector(joined)
  joined.getText('fresh').insert(0, 'still here')
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(joined, before))
  expect(doc.getText('fresh').toString()).toContain('still here')
  return taken
}

function mutate(update: Uint8Array, random: Random): Uint8Array {
  const bytes = Uint8Array.from(update)
  for (let i = 0; i <= random() * 3; i += 1) {
    const at = Math.floor(random() * bytes.length)
    const old = bytes[at] ?? 0
    const kind = random()
    bytes[at] =
      kind < 0.4
        ? old ^ (1 << Math.floor(random() * 8))
        : kind < 0.8
          ? old + (random() < 0.5 ? 1 : -1)
          : random() * 256
  }
  return bytes
}

/** An update of one struct by client 5 at clock 0: its first byte, and the rest. */
function struct(info: number, write: (encoder: encoding.Encoder) => void, clock = 0): Uint8Array {
  const encoder = encoding.createEncoder()
  for (const number of [1, 1, 5, clock]) encoding.writeVarUint(encoder, number)
  encoding.writeUint8(encoder, info)
  write(encoder)
  encoding.writeVarUint(encoder, 0)
  return encoding.toUint8Array(encoder)
}

const underRoot = (write: (encoder: encoding.Encoder) => void) => (encoder: encoding.Encoder) => {
  encoding.writeVarUint(encoder, 1)
  encoding.writeVarString(encoder, 'content')
  write(encoder)
}

const MAX = Number.MAX_SAFE_INTEGER

/** Each of these Yjs takes in part, throws at, or takes and cannot give back. */
const POISON: Readonly<Record<string, Uint8Array>> = {
  'a run of none': struct(0, (to) => encoding.writeVarUint(to, 0)),
  'a text of none': struct(
    4,
    underRoot((to) => encoding.writeVarString(to, '')),
  ),
  'a clock past what numbers hold': struct(0, (to) => encoding.writeVarUint(to, MAX), 1),
  'an item to the right of itself': struct(0x84, (to) => {
    for (const number of [5, 0]) encoding.writeVarUint(to, number)
    encoding.writeVarString(to, 'x')
  }),
  'an item inside a later one': struct(4, (to) => {
    for (const number of [0, 5, 9]) encoding.writeVarUint(to, number)
    encoding.writeVarString(to, 'x')
  }),
  'an embed that is not JSON': struct(
    5,
    underRoot((to) => encoding.writeVarString(to, 'undefined')),
  ),
  'an embed that is not UTF-8': struct(
    5,
    underRoot((to) => encoding.writeVarUint8Array(to, Uint8Array.of(34, 255, 34))),
  ),
  'an embed nested without end': struct(
    5,
    underRoot((to) => encoding.writeVarString(to, '['.repeat(50_000) + ']'.repeat(50_000))),
  ),
  'a value nested without end': struct(
    8,
    underRoot((to) => {
      encoding.writeVarUint(to, 1)
      for (let i = 0; i < 50_000; i += 1) encoding.writeUint8Array(to, Uint8Array.of(117, 1))
      encoding.writeUint8(to, 126)
    }),
  ),
  'an integer past what numbers hold': struct(
    8,
    underRoot((to) => encoding.writeUint8Array(to, Uint8Array.of(1, 125, ...Array<number>(12).fill(255), 1))),
  ),
  'a value of no type': struct(
    8,
    underRoot((to) => encoding.writeUint8Array(to, Uint8Array.of(1, 100))),
  ),
  'a shared type of no kind': struct(
    7,
    underRoot((to) => encoding.writeVarUint(to, 7)),
  ),
  'a subdocument': struct(
    9,
    underRoot((to) => encoding.writeUint8Array(to, Uint8Array.of(1, 97, 118, 0))),
  ),
  'content of no kind': struct(
    31,
    underRoot(() => undefined),
  ),
  'bytes after its end': Uint8Array.of(0, 0, 0),
  'a billion structs': Uint8Array.of(1, 255, 255, 255, 255, 3, 5, 0),
  nothing: new Uint8Array(),
}

describe('checkUpdate', () => {
  it('[DOC3] accepts whatever Yjs writes', () => {
    for (let seed = 1; seed <= 12; seed += 1) {
      const updates = session(seed, 60)
      const doc = new Y.Doc()
      for (const update of updates) {
        checkUpdate(update)
        Y.applyUpdate(doc, update)
      }
      checkUpdate(Y.encodeStateAsUpdate(doc))
      checkUpdate(Y.mergeUpdates(updates))
      checkUpdate(Y.mergeUpdates(updates.filter((_, index) => index % 3 > 0))) // which has gaps
      checkUpdate(
        Y.diffUpdate(
          Y.encodeStateAsUpdate(doc),
          Y.encodeStateVectorFromUpdate(updates[0] ?? new Uint8Array()),
        ),
      )
    }
  })

  it('[DOC3] refuses every update that was cut short', () => {
    for (const update of session(3, 30)) {
      for (let length = 0; length < update.length; length += 1)
        expect(accepts(update.subarray(0, length))).toBe(false)
    }
  })

  for (const [what, update] of Object.entries(POISON)) {
    it(`[DOC3] refuses ${what}`, () => expect(accepts(update)).toBe(false))
  }

  it('[DOC3] refuses what was changed, or it does no harm', () => {
    let refused = 0
    let applied = 0
    let thrown = 0
    for (let seed = 1; seed <= 12; seed += 1) {
      const random = seeded(seed)
      const updates = session(seed, 24)
      const last = updates.pop()
      const base = Y.mergeUpdates(updates)
      if (last === undefined) continue
      const targets = [last, Y.mergeUpdates([...updates.slice(-6), last])]
      for (let i = 0; i < 160; i += 1) {
        const changed = mutate(targets[i % 2] ?? last, random)
        if (!accepts(changed)) {
          refused += 1
          continue
        }
        applied += 1
        try {
          if (!applyAndGoOn(base, changed)) thrown += 1
        } catch (error) {
          throw new Error(`seed ${seed}: ${Buffer.from(changed).toString('hex')}`, { cause: error })
        }
      }
    }
    expect(Math.min(refused, applied)).toBeGreaterThan(200)
    // Forged history of a person's own, which only a look at the document could tell.
    expect(thrown).toBeLessThan(applied / 100)
  })

  it('[DOC3] negative control: unchecked, some of that harms', () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const harmed = Object.values(POISON).filter((update) => {
      try {
        return !applyAndGoOn(Uint8Array.of(0, 0), update)
      } catch {
        return true
      }
    })
    vi.restoreAllMocks()
    expect(harmed.length).toBeGreaterThan(10)
  })
})
