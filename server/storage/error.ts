/** The database cannot be used. The message is one line, for `main.ts` to print as it is; the rest is in `cause`. */
export class StorageError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message.replaceAll(/\s+/g, ' ').trim(), options)
    this.name = 'StorageError'
  }
}

/** One line of what went wrong: Node gives an AggregateError without a message where a host has several addresses. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  return error instanceof Error ? error.message || error.name : String(error)
}
