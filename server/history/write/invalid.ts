import { SynclineError } from '../../errors.ts'

/** Nesting of elements, and of plain values. No document that people write has so much; readers and editors go down by calls. */
export const MAX_DEPTH = 100

/** @throws SynclineError `content-invalid` */
export function invalid(detail: string): never {
  throw new SynclineError('content-invalid', detail)
}
