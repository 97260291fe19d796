import { SynclineError } from '../../errors.ts'

interface Sharing<Result> {
  readonly done: Promise<Result>
  readonly abandon: () => void
  askers: number
}

/** Work that is done once for all who ask for it meanwhile, and given up when the last of them has left. */
export class Shared<Key, Result> {
  readonly #going = new Map<Key, Sharing<Result>>()

  /**
   * @param signal says that this asker has left; without one they wait to the end
   * @throws SynclineError `request-abandoned` to who has left, and whatever the work throws
   */
  async ask(
    key: Key,
    signal: AbortSignal | undefined,
    begin: (abandoned: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    if (signal?.aborted) throw new SynclineError('request-abandoned')
    const sharing = this.#going.get(key) ?? this.#begin(key, begin)
    sharing.askers += 1
    const { promise: left, reject } = Promise.withResolvers<never>()
    const leave = () => {
      reject(new SynclineError('request-abandoned'))
      sharing.askers -= 1
      if (sharing.askers > 0) return
      this.#forget(key, sharing)
      sharing.abandon()
    }
    signal?.addEventListener('abort', leave, { once: true })
    try {
      return await Promise.race([sharing.done, left])
    } finally {
      signal?.removeEventListener('abort', leave)
    }
  }

  #begin(key: Key, begin: (abandoned: AbortSignal) => Promise<Result>): Sharing<Result> {
    const controller = new AbortController()
    const done = begin(controller.signal).finally(() => this.#forget(key, sharing))
    const sharing: Sharing<Result> = { done, abandon: () => controller.abort(), askers: 0 }
    this.#going.set(key, sharing)
    return sharing
  }

  /** Whoever comes once all have left begins anew. */
  #forget(key: Key, sharing: Sharing<Result>): void {
    if (this.#going.get(key) === sharing) this.#going.delete(key)
  }
}
