import * as Y from 'yjs'
import { connectProvider, type Replica } from '../support/provider.ts'
import { ATTACKER, type Scene } from './attack.ts'
import { Attacker } from './attacker.ts'
import { frame, raw, STEP_1, SYNC } from './bytes.ts'
import { eventually, type Target } from './target.ts'

/** What an honest edit may take to be seen and acknowledged, whatever else happens, in ms. */
const GOES_ON_WITHIN = 5_000

/** Two honest people in one room, who notice when something is wrong. */
export class Party {
  readonly room: string
  readonly ada: Replica
  readonly bob: Replica
  readonly #within: number
  #edits = 0

  private constructor(room: string, ada: Replica, bob: Replica, within: number) {
    this.room = room
    this.ada = ada
    this.bob = bob
    this.#within = within
  }

  /** They come in, write something of every kind, and see each other. */
  static async gather(target: Target, room: string, within = GOES_ON_WITHIN): Promise<Party> {
    const [ada, bob] = await Promise.all(
      ['ada', 'bob'].map(async (user) =>
        connectProvider({ wsUrl: target.wsUrl, room, token: await target.token(user) }),
      ),
    )
    if (ada === undefined || bob === undefined) throw new Error('nobody came')
    const party = new Party(room, ada, bob, within)
    await party.#must('open', () => [ada, bob].every(({ provider }) => provider.isSynced))
    ada.provider.setAwarenessField('user', { name: 'ada' })
    ada.document.getText('content').insert(0, 'What was there before')
    ada.document.getMap('meta').set('title', 'A title')
    const paragraph = new Y.XmlElement('paragraph')
    paragraph.insert(0, [new Y.XmlText('rich')])
    ada.document.getXmlFragment('default').insert(0, [paragraph])
    await party.goesOn()
    await party.seesAda()
    return party
  }

  get scene(): Pick<Scene, 'room' | 'victim' | 'state'> {
    const { document } = this.ada
    const client = document.clientID
    return {
      room: this.room,
      victim: { client, clock: Y.getState(document.store, client) },
      state: Y.encodeStateAsUpdate(document),
    }
  }

  /** An edit of each is acknowledged and seen by the other. */
  async goesOn(): Promise<void> {
    this.#edits += 1
    const edits = [`ada ${this.#edits}`, `bob ${this.#edits}`] as const
    this.ada.edits.push([edits[0]])
    this.bob.edits.push([edits[1]])
    const last = (replica: Replica) => new Set(replica.edits.toArray().slice(-20))
    await this.#must('see an honest edit', () =>
      [this.ada, this.bob].every((replica) => edits.every((edit) => last(replica).has(edit))),
    )
    await this.#must('acknowledge an honest edit', () =>
      [this.ada, this.bob].every(({ provider }) => !provider.hasUnsyncedChanges),
    )
    const closes = [this.ada, this.bob].flatMap((replica) => [...replica.closes, ...replica.denials])
    if (closes.length > 0) throw new Error(`somebody honest was shut out: ${closes.join()}`)
  }

  /** Bob sees that Ada is there, and under her name. */
  seesAda(): Promise<void> {
    return this.#must('show who is there', () => {
      const state = this.bob.provider.awareness?.getStates().get(this.ada.document.clientID)
      return state?.user?.name === 'ada'
    })
  }

  /** Whether anything that an attacker wrote in their own name has come to these people. */
  get marked(): boolean {
    return Y.getState(this.bob.document.store, ATTACKER) > 0
  }

  leave(): void {
    this.ada.destroy()
    this.bob.destroy()
  }

  async #must(what: string, condition: () => boolean): Promise<void> {
    if (await eventually(condition, this.#within)) return
    throw new Error(`${this.room}: the server did not ${what} within ${this.#within} ms`)
  }
}

/** The room as somebody finds it who comes for the first time. */
export async function openAfresh(target: Target, room: string, within = GOES_ON_WITHIN): Promise<Y.Doc> {
  const reader = await Attacker.enter(target, room, await target.token('reader', { 'doc:*': 'read' }))
  try {
    reader.send(frame(room, SYNC, STEP_1, raw(1, 0)))
    const answer = () => reader.frames.find((bytes) => syncStep2(bytes, room) !== undefined)
    if (!(await eventually(() => answer() !== undefined || reader.codes.length > 0, within))) {
      throw new Error(`${room} does not open`)
    }
    const state = syncStep2(answer() ?? new Uint8Array(), room)
    if (state === undefined) throw new Error(`${room} does not open: ${reader.codes.join()}`)
    const document = new Y.Doc()
    Y.applyUpdate(document, state)
    return document
  } finally {
    reader.close()
  }
}

/** The update in a SyncStep2 for that room. */
function syncStep2(bytes: Uint8Array, room: string): Uint8Array | undefined {
  const prefix = frame(room, SYNC, 1)
  if (Buffer.compare(bytes.subarray(0, prefix.length), prefix) !== 0) return undefined
  let at = prefix.length
  while ((bytes[at] ?? 0) >= 0x80) at += 1
  return bytes.subarray(at + 1)
}

/** A document's whole content, the same for two documents that hold the same. */
export function contentOf(document: Y.Doc): Buffer {
  // Loading merges neighbouring structs, so both must have been through it once.
  const copy = new Y.Doc()
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(document))
  const again = new Y.Doc()
  Y.applyUpdate(again, Y.encodeStateAsUpdate(copy))
  return Buffer.from(Y.encodeStateAsUpdate(again))
}
