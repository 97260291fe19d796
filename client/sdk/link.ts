import type { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import { countedSockets, type SocketClass } from './counted-socket.ts'
import type { Frame } from './frames.ts'
import { meansMove, refusal, socketRefusal } from './refusal.ts'
import { RoomSocket } from './room-socket.ts'
import type { SaveTracker } from './save-tracker.ts'
import type { ConnectionStatus, Refusal } from './state.ts'
import { type Transport, Way } from './way.ts'

/** A room's end of the link. */
export interface Member {
  opened(): void
  /** `refused` where this room is the reason; `moving` where another socket takes over at once. */
  closed(refused: Refusal | undefined, moving: boolean): void
  /** The time that a move may take is over: whether another socket has taken over or not, nothing is kept for it any more. */
  stranded(): void
  readonly joined: boolean
  /** The server has let it in, and its document is on its way. */
  readonly receiving: boolean
}

export interface LinkOptions {
  readonly url: string
  readonly WebSocket?: SocketClass | undefined
  readonly changed: () => void
}

const CONNECT_LIMIT_MS = 10_000
const FAREWELL_LIMIT_MS = 2_000
/** For so long a link that moves counts as online: edits are kept and not yet sent, as between any two frames. */
const MOVE_LIMIT_MS = 5_000
/** The browser says that there is no network, which is not true of a server on this machine: look now and then. */
const OFFLINE_PROBE_MS = 30_000
/** A WebSocket's close code for a message that was too large; it does not say which. */
const TOO_LARGE = 1009

interface CloseDetails {
  readonly event?: { readonly code?: number; readonly reason?: string }
}

interface Seat {
  readonly member: Member
  readonly tracker: SaveTracker
}

/** The one WebSocket that all rooms share, kept open as long as there is a room. */
export class Link {
  readonly #socket: RoomSocket
  readonly #way: Way
  readonly #changed: () => void
  readonly #members = new Set<Member>()
  readonly #seats = new Map<string, Seat>()
  readonly #usedAddresses = new Set<string>()
  readonly #farewells = new Map<string, { readonly heard: Promise<void>; readonly resolve: () => void }>()
  #status: ConnectionStatus = 'connecting'
  /**
   * There is a socket, also while it is being closed: why it is, the server says only with the end of it, and that may
   * mean that another one takes over.
   */
  #connected = false
  #connectLimit: ReturnType<typeof setTimeout> | undefined
  #probe: ReturnType<typeof setTimeout> | undefined
  #largest: Frame | undefined
  #tooLarge: Member | undefined
  /** Why the server closed the socket, where that concerns every room. */
  #refusal: Refusal | undefined
  /** Something came over the present socket. */
  #answered = false
  /** The socket is closed here, and not because anything is wrong with it. */
  #dropping = false
  /** Runs while another socket takes over. */
  #moving: ReturnType<typeof setTimeout> | undefined

  constructor(options: LinkOptions) {
    this.#changed = options.changed
    const counted = countedSockets({
      opened: () => this.#forget(),
      sent: (frame) => this.#sent(frame),
      received: (frame) => this.#received(frame),
    })
    this.#way = new Way({
      url: options.url,
      WebSocket: options.WebSocket ?? globalThis.WebSocket,
      counted,
      better: () => this.#move(),
    })
    this.#socket = new RoomSocket({
      url: options.url,
      autoConnect: false,
      // Heard before the socket tells everybody that it is closed, by when nobody is seated any more.
      onClose: ({ event }: CloseDetails) => {
        this.#refusal = socketRefusal(event?.reason ?? '')
        if (event?.code === TOO_LARGE) this.#tooLarge = this.#seats.get(this.#largest?.address ?? '')?.member
      },
      delay: 500 + Math.floor(Math.random() * 500),
      minDelay: 500,
      factor: 1.5,
      maxDelay: 10_000,
      jitter: true,
    })
    this.#socket.socketClass = () => this.#way.next()
    this.#socket.silenceExpected = () => this.receiving
    this.#socket.on('status', ({ status }: { status: string }) => this.#limitConnecting(status))
    this.#socket.on('open', () => this.#opened())
    this.#socket.on('disconnect', () => this.#closed())
    if (typeof window !== 'undefined') {
      window.addEventListener('offline', this.#networkLost)
      window.addEventListener('online', this.#networkBack)
    }
  }

  get status(): ConnectionStatus {
    return this.#status
  }

  get isOpen(): boolean {
    return this.#status === 'online' && this.#socket.isOpen
  }

  /** A document is on its way, and nothing else comes before all of it is here. */
  get receiving(): boolean {
    return [...this.#members].some((member) => member.receiving)
  }

  get transport(): Transport {
    return this.#way.transport
  }

  get socket(): HocuspocusProviderWebsocket {
    return this.#socket
  }

  add(member: Member): void {
    this.#members.add(member)
    if (this.isOpen) member.opened()
    else if (this.#members.size === 1) this.#connect()
  }

  delete(member: Member): void {
    this.#members.delete(member)
    if (this.#members.size > 0) return
    this.#endMove()
    this.#drop()
    this.#way.rest()
    this.#setStatus('connecting')
  }

  /**
   * Begins a session. The first of a room on a socket goes by the room's name, so that the server encodes a
   * broadcast once for all; any later one on the same socket by an address of its own, so that no late answer
   * to the one before it is taken for an answer to this one.
   */
  join(member: Member, provider: HocuspocusProvider, tracker: SaveTracker): void {
    provider.configuration.sessionAwareness = this.#usedAddresses.has(provider.configuration.name)
    if (provider.configuration.sessionAwareness) provider.sessionId = crypto.randomUUID()
    const address = provider.effectiveName
    this.#usedAddresses.add(address)
    this.#seats.set(address, { member, tracker })
    tracker.begin(address)
    provider.attach()
  }

  /** Ends a session. One that the server ended needs no goodbye, which would end the next one instead. */
  part(provider: HocuspocusProvider, tracker: SaveTracker, endedByServer: boolean): void {
    if (!provider.isAttached) return
    const address = provider.effectiveName
    const seated = this.#seats.delete(address)
    if (endedByServer) this.#socket.configuration.providerMap.delete(address)
    else if (this.isOpen) this.#awaitFarewell(address)
    provider.detach()
    provider.onClose()
    // Last: whoever hears of it may ask for the room at once, and must not find it half left.
    if (seated) tracker.end()
  }

  /** Resolves once the server has let go of the room's former session, whose frames it would mistake ours for. */
  async farewell(name: string): Promise<void> {
    const pending = [...this.#farewells].filter(
      ([address]) => address === name || address.startsWith(`${name}\0`),
    )
    if (pending.length === 0) return
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, FAREWELL_LIMIT_MS)
    })
    await Promise.race([Promise.all(pending.map(([, farewell]) => farewell.heard)), late])
    clearTimeout(timer)
  }

  /** The server sends a room to another node; false where all have just moved there, and none does well. */
  move(): boolean {
    if (!this.#mayMove) return false
    this.#move()
    return true
  }

  /** A room got no answer. If no other room does well on this socket either, the socket is what is wrong. */
  unanswered(): boolean {
    if ([...this.#members].some((member) => member.joined)) return false
    this.#way.failed()
    this.#drop()
    this.#connect()
    return true
  }

  destroy(): void {
    for (const timer of [this.#connectLimit, this.#probe, this.#moving]) clearTimeout(timer)
    if (typeof window !== 'undefined') {
      window.removeEventListener('offline', this.#networkLost)
      window.removeEventListener('online', this.#networkBack)
    }
    this.#way.rest()
    this.#socket.destroy()
  }

  #opened(): void {
    clearTimeout(this.#probe)
    this.#connected = true
    // Also where it was online, over another transport.
    this.#status = 'online'
    this.#changed()
    for (const member of [...this.#members]) member.opened()
  }

  #closed(): void {
    this.#connected = false
    const told = this.#refusal !== undefined && meansMove(this.#refusal)
    const atOnce = told && this.#mayMove
    if (atOnce) this.#beginMove()
    const moving = this.#moving !== undefined
    // A refusal of the server's own came through as well as any answer, and a server that is left refuses all.
    if (!this.#answered && !this.#dropping && this.#refusal === undefined && !moving) this.#way.failed()
    this.#forget(moving)
    if (!moving) this.#setStatus('offline')
    const tooLarge = this.#tooLarge
    const refused = told && moving ? undefined : this.#refusal
    this.#tooLarge = undefined
    this.#refusal = undefined
    for (const member of [...this.#members]) {
      member.closed(member === tooLarge ? refusal('frame-too-large') : refused, moving)
    }
    // Once the socket is done with closing; its own next try would come later.
    if (atOnce) queueMicrotask(() => this.#members.size > 0 && this.#connect())
  }

  /** A server that sends everybody away at once must not be asked at once for ever. */
  get #mayMove(): boolean {
    return this.#moving === undefined || [...this.#members].some((member) => member.joined)
  }

  #beginMove(): void {
    clearTimeout(this.#moving)
    this.#moving = setTimeout(() => this.#endMove(), MOVE_LIMIT_MS)
  }

  #endMove(): void {
    if (this.#moving === undefined) return
    clearTimeout(this.#moving)
    this.#moving = undefined
    if (!this.#connected) this.#setStatus('offline')
    for (const member of [...this.#members]) member.stranded()
  }

  #forget(moving = false): void {
    for (const { resolve } of this.#farewells.values()) resolve()
    this.#farewells.clear()
    this.#usedAddresses.clear()
    for (const { tracker } of this.#seats.values()) tracker.end(moving)
    this.#seats.clear()
    this.#largest = undefined
    this.#answered = false
  }

  #sent(frame: Frame): void {
    this.#seats.get(frame.address)?.tracker.sent(frame)
    if (this.#largest === undefined || frame.bytes > this.#largest.bytes) this.#largest = frame
  }

  #received(frame: Frame): void {
    if (!this.#answered) {
      this.#answered = true
      this.#way.works()
    }
    this.#seats.get(frame.address)?.tracker.received(frame)
    if (frame.kind !== 'close' && frame.kind !== 'denied') return
    this.#farewells.get(frame.address)?.resolve()
    this.#farewells.delete(frame.address)
  }

  #awaitFarewell(address: string): void {
    let resolve = (): void => {}
    const heard = new Promise<void>((done) => {
      resolve = done
    })
    this.#farewells.set(address, { heard, resolve })
  }

  #connect(): void {
    // Its failures arrive as status events and are retried by it for ever; the promise itself never rejects.
    void this.#socket.connect()
  }

  #drop(): void {
    this.#socket.shouldConnect = false
    this.#socket.clearReconnectTimeout()
    this.#socket.cancelWebsocketRetry?.()
    if (this.#socket.webSocket === null) return
    this.#dropping = true
    this.#socket.onClose({ event: { code: 1000, reason: '' } })
    this.#dropping = false
  }

  /** Goes on over a new socket at once; what was on its way, the handshake there brings. */
  #move(): void {
    if (this.#members.size === 0) return
    this.#beginMove()
    this.#drop()
    this.#connect()
  }

  #limitConnecting(status: string): void {
    clearTimeout(this.#connectLimit)
    if (status !== 'connecting') return
    this.#connectLimit = setTimeout(() => this.#socket.webSocket?.close(), CONNECT_LIMIT_MS)
  }

  #setStatus(status: ConnectionStatus): void {
    if (status === this.#status) return
    this.#status = status
    this.#changed()
  }

  readonly #networkLost = (): void => {
    if (this.#members.size === 0) return
    this.#endMove()
    this.#drop()
    this.#setStatus('offline')
    clearTimeout(this.#probe)
    this.#probe = setTimeout(() => this.#networkBack(), OFFLINE_PROBE_MS)
  }

  readonly #networkBack = (): void => {
    clearTimeout(this.#probe)
    if (this.isOpen || this.#members.size === 0) return
    this.#drop()
    this.#connect()
  }
}
