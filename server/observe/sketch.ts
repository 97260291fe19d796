import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'

/** How far a quantile may be from the exact one, as a share of it, while the buckets are as fine as they begin. */
export const RELATIVE_ERROR = 0.02
/** Buckets that are not empty, at most: at 2 % that is nine decades of values without a gap, in 3 KB at the very most. */
const MAX_BUCKETS = 512
/** What is nearer to 0 than this counts as 0. */
const SMALLEST = 1e-9
const LOG_SMALLEST = Math.log(SMALLEST)
/** The logarithm of a bucket's upper bound over its lower one. */
const LOG_WIDTH = Math.log((1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR))
/** Of the encoding, so that it can be changed. */
const FORM = 1

/**
 * What quantiles are read of without keeping the values: how many fell into each of many buckets, whose bounds grow by 4 %
 * (DDSketch). Where there are too many buckets each two become one, as often as it takes: the error doubles, for large values
 * and for small ones alike. So what a sketch says depends on its values alone, and not on their order, nor on which sketches
 * they came together in.
 */
export class Sketch {
  /** How often two buckets have become one. */
  #level = 0
  /** How many values are in each bucket, by its number: 0 has what is nearly 0; negative values have negative numbers. */
  #counts = new Map<number, number>()
  #count = 0
  #sum = 0
  #min = Number.POSITIVE_INFINITY
  #max = Number.NEGATIVE_INFINITY

  static of(values: Iterable<number>): Sketch {
    const sketch = new Sketch()
    for (const value of values) sketch.add(value)
    return sketch
  }

  get count(): number {
    return this.#count
  }

  get sum(): number {
    return this.#sum
  }

  /** Infinity while there is no value. */
  get min(): number {
    return this.#min
  }

  /** -Infinity while there is no value. */
  get max(): number {
    return this.#max
  }

  /** How far a quantile may be from the exact one, as a share of it. */
  get relativeError(): number {
    return Math.tanh((LOG_WIDTH * 2 ** this.#level) / 2)
  }

  /**
   * @param times how often the value occurred: a positive integer
   * @throws RangeError where it is no finite number
   */
  add(value: number, times = 1): void {
    if (!Number.isFinite(value)) throw new RangeError('a value must be a finite number')
    this.#put(coarser(bucketOf(value), this.#level), times)
    this.#count += times
    this.#sum += value * times
    this.#min = Math.min(this.#min, value)
    this.#max = Math.max(this.#max, value)
    this.#bound()
  }

  /** Adds all that another one has. */
  merge(other: Sketch): void {
    while (this.#level < other.#level) this.#coarsen()
    const steps = this.#level - other.#level
    for (const [bucket, count] of [...other.#counts]) this.#put(coarser(bucket, steps), count)
    this.#count += other.#count
    this.#sum += other.#sum
    this.#min = Math.min(this.#min, other.#min)
    this.#max = Math.max(this.#max, other.#max)
    this.#bound()
  }

  /**
   * A value at or below which that share of all values is: 0.5 for the median. NaN while there is no value.
   * @param share 0 to 1
   */
  quantile(share: number): number {
    return this.quantiles([share])[0]
  }

  /** As `quantile`, of each share, in one go. */
  quantiles<Shares extends readonly number[]>(
    shares: readonly [...Shares],
  ): { readonly [Share in keyof Shares]: number } {
    const sorted = this.#sorted()
    return shares.map((share) => this.#quantile(sorted, share)) as { [Share in keyof Shares]: number }
  }

  #quantile(sorted: readonly (readonly [number, number])[], share: number): number {
    if (this.#count === 0) return Number.NaN
    const rank = Math.min(Math.max(1, Math.ceil(share * this.#count)), this.#count)
    let below = 0
    for (const [bucket, count] of sorted) {
      below += count
      if (below >= rank) return Math.min(Math.max(this.#valueOf(bucket), this.#min), this.#max)
    }
    return this.#max
  }

  /** What `Sketch.decode` reads: 26 bytes and two or three a bucket. */
  encode(): Uint8Array {
    return encoding.encode((encoder) => {
      encoding.writeUint8(encoder, FORM)
      encoding.writeUint8(encoder, this.#level)
      encoding.writeFloat64(encoder, this.#sum)
      encoding.writeFloat64(encoder, this.#min)
      encoding.writeFloat64(encoder, this.#max)
      let last = 0
      for (const [bucket, count] of this.#sorted()) {
        encoding.writeVarInt(encoder, bucket - last)
        encoding.writeVarUint(encoder, count)
        last = bucket
      }
    })
  }

  /** @throws Error where these bytes are no sketch */
  static decode(bytes: Uint8Array): Sketch {
    const decoder = decoding.createDecoder(bytes)
    if (decoding.readUint8(decoder) !== FORM) throw new Error('a sketch of a form that is not known')
    const sketch = new Sketch()
    sketch.#level = decoding.readUint8(decoder)
    sketch.#sum = decoding.readFloat64(decoder)
    sketch.#min = decoding.readFloat64(decoder)
    sketch.#max = decoding.readFloat64(decoder)
    let bucket = 0
    while (decoding.hasContent(decoder)) {
      bucket += decoding.readVarInt(decoder)
      const count = decoding.readVarUint(decoder)
      sketch.#put(bucket, count)
      sketch.#count += count
    }
    return sketch
  }

  #put(bucket: number, count: number): void {
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count)
  }

  #bound(): void {
    while (this.#counts.size > MAX_BUCKETS) this.#coarsen()
  }

  #coarsen(): void {
    const before = this.#counts
    this.#counts = new Map()
    this.#level += 1
    for (const [bucket, count] of before) this.#put(coarser(bucket, 1), count)
  }

  #sorted(): readonly (readonly [number, number])[] {
    return [...this.#counts].sort(([one], [other]) => one - other)
  }

  /** What is as far, in shares, from the lower bound of a bucket as from its upper one. */
  #valueOf(bucket: number): number {
    if (bucket === 0) return 0
    const width = LOG_WIDTH * 2 ** this.#level
    const upper = LOG_SMALLEST + Math.abs(bucket) * width
    return Math.sign(bucket) * Math.exp(upper - Math.log((1 + Math.exp(width)) / 2))
  }
}

function bucketOf(value: number): number {
  const size = Math.abs(value)
  if (size <= SMALLEST) return 0
  return Math.sign(value) * Math.ceil((Math.log(size) - LOG_SMALLEST) / LOG_WIDTH)
}

/** Which bucket has what this one had, after so many steps; each bucket's bounds are some of the finer ones'. */
const coarser = (bucket: number, steps: number): number =>
  Math.sign(bucket) * Math.ceil(Math.abs(bucket) / 2 ** steps)
