import { Sketch } from './sketch.ts'

/** How long something takes each time: counted for Prometheus, and kept as a sketch until somebody takes that. */
export class Latency {
  readonly #count: (seconds: number) => void
  #sketch = new Sketch()

  constructor(count: (seconds: number) => void) {
    this.#count = count
  }

  /** In ms. Half a microsecond. */
  took(ms: number): void {
    this.#count(ms / 1000)
    this.#sketch.add(ms)
  }

  /** Of what was measured since it was taken last, in ms. */
  take(): Sketch {
    const taken = this.#sketch
    this.#sketch = new Sketch()
    return taken
  }
}
