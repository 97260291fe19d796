import type { Frame } from './frames.ts'
import type { SaveState } from './state.ts'

interface Counted {
  /** All local changes up to this one are in the document that the frame makes whole; 0: it promises nothing. */
  readonly covers: number
  readonly step2: boolean
}

/**
 * What "saved" means. Local changes are numbered. A session begins when the room joins on a socket; its SyncStep2
 * carries everything that the server lacks, so it covers all changes so far, and each Update after it covers the
 * changes up to its own. An Update sent before it covers nothing: changes of before the session may be missing
 * underneath. Each such frame is answered once and in order, so the answers name their frames by position.
 *
 * Saved: a session is open, its SyncStep2 was answered, and what the answers cover is all there is.
 */
export class SaveTracker {
  readonly #changed: () => void
  #local = 0
  #committed = 0
  /** All local changes up to this one are in the copy on this device. */
  #kept: number | undefined = 0
  #address: string | undefined
  #awaiting: Counted[] = []
  #step2Sent = false
  #step2Answered = false
  #refused = false
  /** Between two sockets, the second of which takes over at once. */
  #moving = false
  #restored: { readonly at: number; readonly count: number } | undefined

  constructor(changed: () => void) {
    this.#changed = changed
  }

  get saved(): SaveState {
    if (this.#address === undefined && !this.#moving) return 'offline'
    return this.#step2Answered && this.#committed === this.#local ? 'saved' : 'saving'
  }

  get unsaved(): number {
    const restored = this.#restored
    const extra = restored !== undefined && restored.at > this.#committed ? restored.count - 1 : 0
    return this.#local - this.#committed + extra
  }

  /** Of the unsaved changes, how many the copy on this device has; undefined where it cannot be written. */
  get kept(): number | undefined {
    return this.#kept === undefined ? undefined : Math.max(0, this.unsaved - (this.#local - this.#kept))
  }

  /** The number of the last change that was made here. */
  get latest(): number {
    return this.#local
  }

  /** The copy on this device has all changes up to this one; undefined where it cannot be written. */
  keptUpTo(change: number | undefined): void {
    this.#kept = change
    this.#changed()
  }

  /** The server has said no to a change that is still not saved. */
  get refused(): boolean {
    return this.#refused && this.unsaved > 0
  }

  /** Some are neither committed, nor refused, nor in the copy. */
  get losing(): boolean {
    return this.unsaved > (this.kept ?? 0) && !this.#refused
  }

  /** A change was made here. */
  changed(): void {
    this.#local += 1
    this.#changed()
  }

  /** What this device kept was read into the document; how much of it was never confirmed is not known yet. */
  restored(): void {
    this.#local += 1
    this.#restored = { at: this.#local, count: 1 }
    this.#changed()
  }

  /** How many of the changes read from this device were never confirmed. */
  restoredCount(count: number): void {
    if (this.#restored === undefined) return
    this.#restored = { ...this.#restored, count }
    this.#changed()
  }

  /** The room joins, under an address that was never used on this socket before. */
  begin(address: string): void {
    this.#address = address
    this.#awaiting = []
    this.#step2Sent = false
    // What was committed before a move is committed: only changes since then make it unsaved.
    this.#step2Answered = this.#moving && this.#step2Answered
    this.#moving = false
    this.#refused = false
    this.#changed()
  }

  /**
   * The room left or the socket is gone: answers still under way count for nothing.
   * @param moving the room goes on over another socket, as far as anybody knows by now
   */
  end(moving = false): void {
    if (this.#address === undefined && !this.#moving) return
    this.#address = undefined
    this.#moving = moving
    this.#awaiting = []
    this.#changed()
  }

  /** There is no other socket after all. */
  stranded(): void {
    if (this.#moving) this.end()
  }

  /** The session in which a change was refused is over, and the next one brings it once more. */
  askAgain(): void {
    this.#refused = false
    this.#changed()
  }

  sent(frame: Frame): void {
    if (frame.address !== this.#address) return
    if (frame.kind === 'step2') {
      this.#step2Sent = true
      this.#awaiting.push({ covers: this.#local, step2: true })
    } else if (frame.kind === 'update') {
      this.#awaiting.push({ covers: this.#step2Sent ? this.#local : 0, step2: false })
    }
  }

  received(frame: Frame): void {
    if (frame.address !== this.#address || (frame.kind !== 'ack' && frame.kind !== 'nack')) return
    const answered = this.#awaiting.shift()
    // An answer to nothing: whatever it means, it is no promise.
    if (answered === undefined) return
    if (answered.step2) this.#step2Answered = true
    // Once refused, a change stays missing under all that follow it: only a new session can bring it.
    if (frame.kind === 'nack') this.#refused = true
    else if (!this.#refused && answered.covers > this.#committed) this.#committed = answered.covers
    this.#changed()
  }
}
