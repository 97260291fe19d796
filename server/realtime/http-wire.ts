import type { ServerResponse } from 'node:http'
import type { WebSocketLike } from '@hocuspocus/server'
import { type CloseDetails, encodeClose, encodeHello, encodeRecord, joined, RecordType } from '../records.ts'
import { reset } from '../reset.ts'
import { within } from '../within.ts'
import type { Wire } from './wire.ts'

/** While no more than this waits, all that waited counts as sent, in bytes: a client says only now and then how far it is. */
const LITTLE = 64 * 1024
/** What is written at a time, in bytes. */
const CHUNK = 256 * 1024
/** Whoever is given less than this to hear of the end is cut off for good, in ms. */
const HEARD_WITHIN = 1_000
/** A client that sends too much is kept from asking for answers no longer than this, in ms. */
const LONGEST_PAUSE = 5_000

export interface HttpWireOptions {
  /** All that waited has come. */
  readonly drained: () => void
  /** It has ended, whoever ended it. */
  readonly gone: (code: number, reason: string) => void
}

interface Answer {
  readonly response: ServerResponse
  /** It ends with the first that is sent. */
  readonly poll: boolean
}

/**
 * The frames to one client over HTTP: kept until it says that they have come, and written to whichever answer it
 * reads from. One answer that breaks off, or that a proxy holds back, loses nothing.
 */
export class HttpWire implements Wire {
  readonly #options: HttpWireOptions
  /** Records that have not come yet, as far as is known; the number of the first of them. */
  #kept: Uint8Array[] = []
  #first = 1
  /** How many of them were written to the answer that is open. */
  #written = 0
  #waiting = 0
  #answer: Answer | undefined
  /** All that are not closed: of one that ended something may still be on its way. */
  readonly #unclosed = new Set<ServerResponse>()
  #scheduled = false
  #paused: PromiseWithResolvers<void> | undefined
  #closing: { readonly code: number; readonly reason: string; readonly cuts: boolean } | undefined
  /** The answer that has the close. */
  #told: ServerResponse | undefined
  #gone = false
  #left = Number.POSITIVE_INFINITY
  #exceeded: () => void = () => undefined

  constructor(options: HttpWireOptions) {
    this.#options = options
  }

  get waiting(): number {
    return this.#waiting
  }

  /** Nothing that comes is taken any more: it has ended, or its client is being told so. */
  get ending(): boolean {
    return this.#gone || this.#closing !== undefined
  }

  send(data: Parameters<WebSocketLike['send']>[0]): number {
    if (!(data instanceof Uint8Array) || this.#gone) return this.#waiting
    const record = encodeRecord(RecordType.frame, data)
    this.#kept.push(record)
    this.#waiting += record.length
    this.#schedule()
    return this.#waiting
  }

  /** Asks whether anybody is there. */
  ping(): void {
    const { response, poll } = this.#answer ?? {}
    if (response === undefined) return
    response.write(encodeRecord(RecordType.ping))
    if (poll) this.#release(response)
  }

  /** The client reads from this answer now, and has had so many frames; false where that cannot be. */
  attach(response: ServerResponse, poll: boolean, received: number): boolean {
    if (this.#gone || received < this.#first - 1 || !this.acknowledge(received)) return false
    response.writeHead(200, { 'Content-Type': 'application/octet-stream' })
    this.#endAnswers()
    this.#unclosed.add(response)
    this.#answer = { response, poll }
    this.#written = 0
    response.on('drain', () => this.#write())
    response.once('close', () => {
      this.#unclosed.delete(response)
      if (this.#answer?.response === response) this.#answer = undefined
      if (this.#told === response) this.#end()
    })
    response.write(encodeHello(this.#first))
    this.#write()
    return true
  }

  /** So many frames have come in all; false where so many were never sent. */
  acknowledge(received: number): boolean {
    const count = received - (this.#first - 1)
    if (!Number.isSafeInteger(received) || count > this.#kept.length) return false
    if (count <= 0) return true // said before, and overtaken
    for (const record of this.#kept.splice(0, count)) this.#waiting -= record.length
    this.#first += count
    this.#written = Math.max(0, this.#written - count)
    if (this.#waiting <= LITTLE) this.#options.drained()
    return true
  }

  pause(): void {
    this.#paused ??= Promise.withResolvers<void>()
  }

  resume(): void {
    this.#paused?.resolve()
    this.#paused = undefined
  }

  /** Settles when nothing more is kept from the client. */
  async flowing(): Promise<void> {
    while (this.#paused !== undefined) await this.#paused.promise
  }

  /** The same, but not for long. */
  async soonFlowing(): Promise<void> {
    if (this.#paused !== undefined) await within(LONGEST_PAUSE, this.flowing())
  }

  limit(bytes: number, exceeded: () => void): () => void {
    this.#left = bytes
    this.#exceeded = exceeded
    return () => {
      this.#left = Number.POSITIVE_INFINITY
    }
  }

  /** So many bytes have come. */
  count(bytes: number): void {
    const before = this.#left
    this.#left -= bytes
    if (before >= 0 && this.#left < 0) this.#exceeded()
  }

  close(code: number | undefined, reason: string, wait: number): void {
    if (this.#closing !== undefined || this.#gone) return
    this.#closing = { code: code ?? 1005, reason, cuts: wait < HEARD_WITHIN }
    setTimeout(() => this.cut(), wait).unref()
    this.#schedule()
  }

  cut(): void {
    for (const response of this.#unclosed) cut(response)
    this.#end()
  }

  /** The client has said goodbye. */
  leave(): void {
    this.#end()
  }

  /** Nobody is to read from these any more: what they hold is let go. */
  #endAnswers(): void {
    const cuts = this.#closing?.cuts === true
    for (const response of this.#unclosed) {
      if (cuts || response.writableLength > 0) cut(response)
      else response.end()
    }
  }

  #end(): void {
    if (this.#gone) return
    this.#gone = true
    this.#endAnswers()
    this.#kept = []
    this.#waiting = 0
    this.#answer = undefined
    this.resume()
    const { code, reason } = this.#closing ?? { code: 1006, reason: '' }
    this.#options.gone(code, reason)
  }

  /** What is sent in one turn is written together. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    process.nextTick(() => {
      this.#scheduled = false
      this.#write()
    })
  }

  #write(): void {
    const { response, poll = false } = this.#answer ?? {}
    if (response === undefined) return
    let some = false
    while (this.#written < this.#kept.length && !response.writableNeedDrain) {
      const chunk: Uint8Array[] = []
      for (let size = 0; size < CHUNK && this.#written < this.#kept.length; this.#written += 1) {
        const record = this.#kept[this.#written] ?? new Uint8Array()
        chunk.push(record)
        size += record.length
      }
      response.write(joined(chunk))
      some = true
    }
    if (this.#closing !== undefined && this.#written === this.#kept.length) {
      this.#last(response, poll, this.#closing)
    } else if (poll && some) this.#release(response)
  }

  #last(response: ServerResponse, poll: boolean, closing: CloseDetails & { readonly cuts: boolean }): void {
    if (this.#told === response) return
    this.#told = response
    response.write(encodeClose(closing))
    // Not ended before it is cut: a connection that is free again may be somebody else's, behind a proxy.
    if (closing.cuts && !poll) return
    response.once('finish', () => this.#end())
    this.#release(response)
  }

  #release(response: ServerResponse): void {
    this.#answer = undefined
    response.end()
  }
}

function cut(response: ServerResponse): void {
  reset(response.socket)
  response.destroy()
}
