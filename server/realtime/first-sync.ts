import type { Connection, Document } from '@hocuspocus/server'
import * as Y from 'yjs'
import { SynclineError } from '../errors.ts'
import { reportFault } from './faults.ts'
import { type SyncStep1, SyncType, syncFrame } from './frames.ts'
import { joinOf } from './join-span.ts'

/** How long an encoded state is kept for the next one who asks for the same, in ms. */
const KEPT = 2_000
/** Different questions whose answers are kept: each may be as large as the document. */
const MAX_ANSWERS = 8

interface Answer {
  readonly update: Uint8Array
  /** Without session ids everybody has one address, and shares the frame itself. */
  frame: { readonly address: string; readonly bytes: Uint8Array } | undefined
}

/**
 * Answers a client's first question ("this is what I have"). A hundred people who open a document at once
 * ask the same; stock Hocuspocus encodes the document for each of them, here it is encoded once.
 */
export class FirstSync {
  readonly #answers = new WeakMap<Document, Map<string, Answer>>()

  /**
   * Sends what Hocuspocus would: its own SyncStep1, then the SyncStep2 that brings what the client lacks.
   * @throws SynclineError `frame-malformed`
   */
  answer(connection: Connection, { stateVector }: SyncStep1): void {
    const { document, messageAddress: address } = connection
    const join = joinOf(connection.context)
    const since = performance.now()
    const step2 = this.#step2(document, address, stateVector)
    connection.send(syncFrame(address, SyncType.step1, Y.encodeStateVector(document)))
    connection.send(step2)
    join.did('join answer', since)
    join.end()
  }

  #step2(document: Document, address: string, stateVector: Uint8Array): Uint8Array {
    const answer = this.#answer(document, stateVector)
    if (answer.frame?.address === address) return answer.frame.bytes
    const bytes = syncFrame(address, SyncType.step2, answer.update)
    answer.frame = { address, bytes }
    return bytes
  }

  #answer(document: Document, stateVector: Uint8Array): Answer {
    const answers = this.#answers.get(document) ?? this.#keep(document)
    const key = Buffer.from(stateVector).toString('latin1')
    const known = answers.get(key)
    if (known !== undefined) return known
    const answer: Answer = { update: encode(document, stateVector), frame: undefined }
    const [oldest] = answers.keys()
    if (answers.size >= MAX_ANSWERS && oldest !== undefined) answers.delete(oldest)
    answers.set(key, answer)
    return answer
  }

  /** Keeps answers until the document changes, or nobody can be expected to ask any more. */
  #keep(document: Document): Map<string, Answer> {
    const forget = () => {
      clearTimeout(timer)
      document.off('update', forget)
      this.#answers.delete(document)
    }
    const timer = setTimeout(forget, KEPT)
    timer.unref()
    document.on('update', forget)
    const answers = new Map<string, Answer>()
    this.#answers.set(document, answers)
    return answers
  }
}

function encode(document: Document, stateVector: Uint8Array): Uint8Array {
  try {
    Y.decodeStateVector(stateVector)
  } catch (cause) {
    throw new SynclineError('frame-malformed', 'its state vector cannot be read', { cause })
  }
  try {
    return Y.encodeStateAsUpdate(document, stateVector)
  } catch (cause) {
    reportFault(document, cause)
    throw new SynclineError('internal', undefined, { cause })
  }
}
