import { guarded } from './guarded.ts'

/** Without any input for so long nobody is looking, in ms. */
const AWAY_AFTER = 5 * 60_000
const SIGNS = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart', 'focus'] as const

/** Whether somebody looks at this page: it is shown, and there was input within five minutes. */
export class Attention {
  readonly #listeners = new Set<() => void>()
  #away = false
  #lastInput = Date.now()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor() {
    if (typeof window === 'undefined') return
    for (const sign of SIGNS) window.addEventListener(sign, this.#input, { passive: true, capture: true })
    document.addEventListener('visibilitychange', this.#input)
    this.#look()
  }

  get away(): boolean {
    return this.#away
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#listeners.clear()
    if (typeof window === 'undefined') return
    for (const sign of SIGNS) window.removeEventListener(sign, this.#input, { capture: true })
    document.removeEventListener('visibilitychange', this.#input)
  }

  readonly #input = (): void => {
    this.#lastInput = Date.now()
    if (this.#away || document.visibilityState === 'hidden') this.#look()
  }

  readonly #look = (): void => {
    clearTimeout(this.#timer)
    const left = this.#lastInput + AWAY_AFTER - Date.now()
    const hidden = document.visibilityState === 'hidden'
    if (!hidden && left > 0) this.#timer = setTimeout(this.#look, left)
    const away = hidden || left <= 0
    if (away === this.#away) return
    this.#away = away
    for (const listener of [...this.#listeners]) guarded(listener)
  }
}
