import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { WebSocket } from 'ws'
import { SyncType, syncFrame } from '../../server/realtime/frames.ts'
import { until } from './server.ts'

/** `0 0`: no structs, no deletions; what a client with nothing new answers in its SyncStep2. */
export const EMPTY_UPDATE = new Uint8Array([0, 0])
const EMPTY_STATE_VECTOR = new Uint8Array([0])

export interface RawClientOptions {
  readonly wsUrl: string
  readonly room: string
  readonly token: string
  /** Of the upgrade. */
  readonly headers?: Readonly<Record<string, string>>
}

/** What a Hocuspocus client sends and hears, frame by frame and with no document behind it. */
export class RawClient {
  readonly room: string
  /** Each SyncStatus, in order: true says "applied". */
  readonly statuses: boolean[] = []
  readonly stateless: string[] = []
  readonly denials: string[] = []
  readonly closeMessages: string[] = []
  /** Updates received, those of the handshake included. */
  readonly updates: Uint8Array[] = []
  /** Awareness updates received, the one at the join included. */
  readonly presence: Uint8Array[] = []
  /** When the last frame came, by performance.now(). */
  heardAt = 0
  /** How often the server asked for a newer token. */
  tokenRequests = 0
  closed: { readonly code: number; readonly reason: string } | undefined
  #authenticated = false
  #asked = false
  readonly #socket: WebSocket

  private constructor(options: RawClientOptions, socket: WebSocket) {
    this.room = options.room
    this.#socket = socket
    socket.on('message', (data) => this.#hear(new Uint8Array(data as Buffer)))
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() }
    })
    socket.on('error', () => undefined)
  }

  /** Why it was refused, whichever way it was told. */
  get refusal(): string | undefined {
    return this.denials[0] ?? this.closed?.reason
  }

  /** Connects and authenticates; the handshake of the document is left to the caller. */
  static async connect(options: RawClientOptions): Promise<RawClient> {
    const client = await RawClient.open(options)
    client.authenticate(options.token)
    await until(() => client.#authenticated || client.refusal !== undefined)
    return client
  }

  static async open(options: RawClientOptions): Promise<RawClient> {
    const socket = new WebSocket(options.wsUrl, { headers: { ...options.headers } })
    const client = new RawClient(options, socket)
    await until(() => socket.readyState === WebSocket.OPEN || client.closed !== undefined)
    return client
  }

  get acknowledgements(): number {
    return this.statuses.filter((applied) => applied).length
  }

  authenticate(token: string, room = this.room): void {
    this.raw(
      encoding.encode((encoder) => {
        encoding.writeVarString(encoder, room)
        encoding.writeVarUint(encoder, 2)
        encoding.writeVarUint(encoder, 0)
        encoding.writeVarString(encoder, token)
      }),
    )
  }

  /** Asks for the document, and waits for the server to ask back. */
  async ask(stateVector: Uint8Array = EMPTY_STATE_VECTOR): Promise<void> {
    this.raw(syncFrame(this.room, SyncType.step1, stateVector))
    await until(() => this.#asked)
  }

  /** The whole handshake of a client that has `update`. */
  async shake(update: Uint8Array = EMPTY_UPDATE): Promise<void> {
    await this.ask()
    this.step2(update)
  }

  step2(update: Uint8Array): void {
    this.raw(syncFrame(this.room, SyncType.step2, update))
  }

  update(update: Uint8Array): void {
    this.raw(syncFrame(this.room, SyncType.update, update))
  }

  raw(frame: Uint8Array): void {
    this.#socket.send(frame)
  }

  /** Resolves when the server has handled all that was sent before: it answers frames in order. */
  async handled(): Promise<void> {
    const answers = () => this.stateless.filter((payload) => payload.startsWith('{"type":"saved"')).length
    const heard = answers()
    this.say({ type: 'head' })
    await until(() => answers() > heard || this.closed !== undefined)
  }

  /** A stateless message. */
  say(message: unknown): void {
    this.raw(
      encoding.encode((encoder) => {
        encoding.writeVarString(encoder, this.room)
        encoding.writeVarUint(encoder, 5)
        encoding.writeVarString(encoder, JSON.stringify(message))
      }),
    )
  }

  close(): void {
    this.#socket.close()
  }

  /** Reads nothing any more and answers nothing, like a laptop that sleeps. */
  freeze(): void {
    this.#socket.pause()
  }

  /** Reads on. */
  thaw(): void {
    this.#socket.resume()
  }

  /** Ends a frozen client without the server's help. */
  cut(): void {
    this.#socket.terminate()
  }

  #hear(frame: Uint8Array): void {
    this.heardAt = performance.now()
    const decoder = decoding.createDecoder(frame)
    decoding.readVarString(decoder)
    switch (decoding.readVarUint(decoder)) {
      case 0:
        if (decoding.readVarUint(decoder) === SyncType.step1) this.#asked = true
        else this.updates.push(decoding.readVarUint8Array(decoder))
        return
      case 1:
        this.presence.push(decoding.readVarUint8Array(decoder))
        return
      case 2:
        switch (decoding.readVarUint(decoder)) {
          case 0:
            this.tokenRequests += 1
            return
          case 1:
            this.denials.push(decoding.readVarString(decoder))
            return
          default:
            this.#authenticated = true
        }
        return
      case 5:
        this.stateless.push(decoding.readVarString(decoder))
        return
      case 7:
        this.closeMessages.push(decoding.readVarString(decoder))
        return
      case 8:
        this.statuses.push(decoding.readVarUint(decoder) === 1)
    }
  }
}
