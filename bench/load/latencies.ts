/** Latencies in ms, and their percentiles. */
export class Latencies {
  #values = new Float64Array(1024)
  #count = 0

  get count(): number {
    return this.#count
  }

  add(value: number): void {
    if (this.#count === this.#values.length) {
      const grown = new Float64Array(this.#values.length * 2)
      grown.set(this.#values)
      this.#values = grown
    }
    this.#values[this.#count] = value
    this.#count += 1
  }

  clear(): void {
    this.#count = 0
  }

  percentile(percent: number): number {
    const sorted = this.#values.subarray(0, this.#count).toSorted()
    return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN
  }
}
