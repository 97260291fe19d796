import { SynclineError } from '../errors.ts'

/**
 * The events of one message. One that is refused for now comes again: those after it are refused like it, or they would
 * have overtaken it by then.
 */
export class Batch {
  #refusal: { readonly reason: unknown } | undefined

  /** @throws what an earlier event was refused with for now; or else what `look` throws */
  async check(look: () => Promise<void>): Promise<void> {
    if (this.#refusal !== undefined) throw this.#refusal.reason
    try {
      await look()
    } catch (reason) {
      if (!(reason instanceof SynclineError) || reason.retryable) this.#refusal = { reason }
      throw reason
    }
  }
}
