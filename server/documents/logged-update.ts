import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'
import type { ClientRun } from './check-update.ts'
import { structAt } from './placement.ts'

/** An update that was checked, on its way into a document. */
export interface Incoming {
  readonly update: Uint8Array
  readonly runs: readonly ClientRun[]
}

type Struct = ReturnType<typeof Y.decodeUpdate>['structs'][number]

/** One client's structs, of which the first may begin before `start`. */
interface Run {
  readonly start: number
  readonly end: number
  readonly structs: readonly Struct[]
}

/**
 * What the log is to have of a transaction. Yjs' own update, `told`, says what is new as the document holds it in the
 * end. Of what was gone as it came (typed into a paragraph that somebody else had just deleted, or set for a key that
 * somebody else has set as well) that is no more than a length; the log has what was sent in its place, and that it
 * is deleted. Whoever applies that has the same document, and history has the words.
 */
export function loggedUpdate(
  told: Uint8Array,
  { doc, beforeState }: Y.Transaction,
  incoming: Incoming | undefined,
): Uint8Array {
  if (!incoming?.runs.some(({ client }) => bringsGone(doc, client, beforeState.get(client) ?? 0))) return told
  const { structs, ds } = Y.decodeUpdate(told)
  const logged = byClient(structs)
  const sent = byClient(Y.decodeUpdate(incoming.update).structs)
  const gone = Y.createDeleteSet()
  for (const [client, held] of logged) {
    const whole = part(sent.get(client), held)
    if (whole === undefined || !saysMore(doc, whole, held)) continue
    logged.set(client, whole)
    const ranges = held.structs.filter(isGone).map(({ id, length }) => ({ clock: id.clock, len: length }))
    gone.clients.set(client, ranges)
  }
  return gone.clients.size === 0 ? told : encode(logged, Y.mergeDeleteSets([ds, gone]))
}

/** Whether any of what a client has brought since `before` is deleted; of a keystroke that is a look at one struct. */
function bringsGone({ store }: Y.Doc, client: number, before: number): boolean {
  const structs = store.clients.get(client)
  if (structs === undefined || Y.getState(store, client) <= before) return false
  for (let at = Y.findIndexSS(structs, before); at < structs.length; at += 1) {
    if (structs[at]?.deleted) return true
  }
  return false
}

function byClient(structs: readonly Struct[]): Map<number, Run> {
  const runs = new Map<number, Run>()
  for (const [client, own] of Map.groupBy(structs, ({ id }) => id.client)) {
    runs.set(client, { structs: own, start: own[0]?.id.clock ?? 0, end: endOf(own.at(-1)) })
  }
  return runs
}

const endOf = (struct: Struct | undefined): number =>
  struct === undefined ? 0 : struct.id.clock + struct.length

/** What a client sent of the very clocks that the document holds now; undefined where that is not all of them. */
function part(sent: Run | undefined, { start, end }: Run): Run | undefined {
  const structs = sent?.structs.filter((struct) => endOf(struct) > start && struct.id.clock < end) ?? []
  const [first] = structs
  if (first === undefined || first.id.clock > start || endOf(structs.at(-1)) !== end) return undefined
  return structs.some((struct) => struct instanceof Y.Skip) ? undefined : { structs, start, end }
}

/** Whether it has content where nothing of it is held, and makes the same document. */
function saysMore(doc: Y.Doc, sent: Run, held: Run): boolean {
  let more = false
  let at = 0
  for (const struct of sent.structs) {
    let gone = false
    for (; at < held.structs.length; at += 1) {
      const one = held.structs[at]
      if (one === undefined || one.id.clock >= endOf(struct)) break
      gone ||= isGone(one)
      if (one instanceof Y.GC && struct instanceof Y.Item && !standsInGone(doc, struct)) return false
      if (endOf(one) > endOf(struct)) break
    }
    if (gone && struct instanceof Y.Item && !(struct.content instanceof Y.ContentDeleted)) more = true
  }
  return more
}

const isGone = (struct: Struct): boolean =>
  struct instanceof Y.GC || (struct instanceof Y.Item && struct.content instanceof Y.ContentDeleted)

/**
 * Whether all that an item names is collected, as all that is in something deleted is. An item between something
 * collected and something else, which no editor writes, would be visible where the former is not collected yet.
 */
function standsInGone(doc: Y.Doc, { origin, rightOrigin, parent }: Y.Item): boolean {
  const collected = (id: Y.ID) => structAt(doc, id.client, id.clock) instanceof Y.GC
  if (typeof parent === 'string') return false
  if (!(parent instanceof Y.ID)) return [origin, rightOrigin].every((id) => id === null || collected(id))
  const type = structAt(doc, parent.client, parent.clock)
  return type instanceof Y.GC || (type instanceof Y.Item && type.content instanceof Y.ContentDeleted)
}

function encode(runs: ReadonlyMap<number, Run>, deleted: ReturnType<typeof Y.createDeleteSet>): Uint8Array {
  const encoder = new Y.UpdateEncoderV1()
  const { restEncoder } = encoder
  encoding.writeVarUint(restEncoder, runs.size)
  for (const [client, { start, structs }] of runs) {
    encoding.writeVarUint(restEncoder, structs.length)
    encoder.writeClient(client)
    encoding.writeVarUint(restEncoder, start)
    for (const struct of structs) struct.write(encoder, Math.max(0, start - struct.id.clock))
  }
  encoding.writeVarUint(restEncoder, deleted.clients.size)
  for (const [client, ranges] of deleted.clients) {
    encoding.writeVarUint(restEncoder, client)
    encoding.writeVarUint(restEncoder, ranges.length)
    for (const { clock, len } of ranges) {
      encoder.writeDsClock(clock)
      encoder.writeDsLen(len)
    }
  }
  return encoder.toUint8Array()
}
