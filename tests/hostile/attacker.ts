import type { Socket } from 'node:net'
import * as decoding from 'lib0/decoding'
import { WebSocket } from 'ws'
import { AUTH, CLOSE, frame, STATELESS, SYNC_STATUS } from './bytes.ts'
import { eventually, type Target } from './target.ts'

// What the server says to a token; 0 would ask for a newer one.
const DENIED = 1
const AUTHENTICATED = 2
const HEAD = '{"type":"head"}'
/** What is sent is handled, or the WebSocket closed, within this many ms. */
const HANDLED_WITHIN = 20_000

/** A WebSocket in hostile hands: it sends what it likes, and keeps every word that comes back. */
export class Attacker {
  /** Every code that the server gave: denials, rejections, close messages, the reason of the close. */
  readonly codes: string[] = []
  /** Frames that came, unread. */
  readonly frames: Uint8Array[] = []
  applied = 0
  /** Answers to edits, whether they were applied or not. */
  answers = 0
  onAnswer: () => void = () => undefined
  #saved = 0
  #authenticated = 0
  #closed = false
  readonly #socket: WebSocket
  #wire: Socket | undefined

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('upgrade', (response) => {
      this.#wire = response.socket
    })
    socket.on('message', (data) => this.#hear(new Uint8Array(data as Buffer)))
    socket.on('close', (code, reason) => {
      this.#closed = true
      this.codes.push(reason.toString() || `${code}`)
    })
    socket.on('error', () => undefined)
  }

  static async open({ wsUrl }: Pick<Target, 'wsUrl'>): Promise<Attacker> {
    const socket = new WebSocket(wsUrl, { perMessageDeflate: false })
    const attacker = new Attacker(socket)
    const opened = () => socket.readyState === WebSocket.OPEN || attacker.#closed
    if (!(await eventually(opened, HANDLED_WITHIN))) throw new Error('the WebSocket did not open')
    return attacker
  }

  /** Opens a WebSocket and shows a token for the room; true where it was taken. */
  static async enter(target: Pick<Target, 'wsUrl'>, room: string, token: string): Promise<Attacker> {
    const attacker = await Attacker.open(target)
    await attacker.join(room, token)
    return attacker
  }

  /** Rooms that have opened. */
  get joined(): number {
    return this.#authenticated
  }

  get closed(): boolean {
    return this.#closed
  }

  async join(room: string, token: string): Promise<boolean> {
    const [before, refusals] = [this.#authenticated, this.codes.length]
    this.send(frame(room, AUTH, 0, token))
    await eventually(() => this.#authenticated > before || this.codes.length > refusals, HANDLED_WITHIN)
    return this.#authenticated > before
  }

  send(data: Uint8Array | string): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(data)
  }

  /**
   * Sends all of it in one write. What is sent frame by frame is read in as many pieces as the two processes are
   * interrupted in, and some attacks succeed only where their frames are read together.
   */
  sendTogether(frames: readonly (Uint8Array | string)[]): void {
    this.#wire?.cork()
    for (const data of frames) this.send(data)
    this.#wire?.uncork()
  }

  /** Settles when the server has read all that was sent, and handled what was sent to that room if this is a member. */
  async handled(room?: string): Promise<boolean> {
    let ponged = false
    this.#socket.once('pong', () => {
      ponged = true
    })
    const saved = this.#saved
    if (this.#socket.readyState === WebSocket.OPEN) {
      if (room !== undefined) this.send(frame(room, STATELESS, HEAD))
      this.#socket.ping()
    }
    return eventually(
      () => this.#closed || (ponged && (room === undefined || this.#saved > saved)),
      HANDLED_WITHIN,
    )
  }

  close(): void {
    this.#socket.terminate()
  }

  #hear(bytes: Uint8Array): void {
    this.frames.push(bytes)
    const decoder = decoding.createDecoder(bytes)
    decoding.readVarString(decoder)
    switch (decoding.readVarUint(decoder)) {
      case AUTH:
        this.#answered(decoding.readVarUint(decoder), decoder)
        return
      case STATELESS:
        this.#stateless(decoding.readVarString(decoder))
        return
      case CLOSE:
        this.codes.push(decoding.readVarString(decoder))
        return
      case SYNC_STATUS:
        this.answers += 1
        this.applied += decoding.readVarUint(decoder)
        this.onAnswer()
    }
  }

  #answered(answer: number, decoder: decoding.Decoder): void {
    if (answer === DENIED) this.codes.push(decoding.readVarString(decoder))
    else if (answer === AUTHENTICATED) this.#authenticated += 1
  }

  #stateless(payload: string): void {
    if (payload.startsWith('{"type":"saved"')) this.#saved += 1
    const said: unknown = JSON.parse(payload)
    if (typeof said === 'object' && said !== null && 'code' in said) this.codes.push(String(said.code))
  }
}
