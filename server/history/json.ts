/**
 * A value as JSON. Of what Yjs can hold and JSON cannot say, bytes are `{ "bytes": base64 }` and large integers
 * `{ "integer": digits }`; a number that is none is null.
 */
export const encodeJson = (value: unknown): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(JSON.stringify(value, (_key, part: unknown) => sayable(part)))

/** Of a value what JSON can say. */
export function sayable(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('base64') }
  if (typeof value === 'bigint') return { integer: String(value) }
  return value
}
