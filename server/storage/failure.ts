/** SQLSTATE classes of a database that is away or out of something, not of a statement that is wrong. */
const UNAVAILABLE = /^(08|25P|53|55|57|58|XX)/
const NETWORK = /^(ECONN|EPIPE|ENOENT|ENOTFOUND|ETIMEDOUT|EHOSTUNREACH|EAI_)/
/** node-postgres names these by their message alone. */
const DRIVER = /timeout|Connection terminated|Client has encountered a connection error|not queryable/i

/** Whether an error says that the database cannot be reached or cannot work just now: the same may succeed later. */
export function isStorageFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('code' in error && typeof error.code === 'string') {
    return UNAVAILABLE.test(error.code) || NETWORK.test(error.code)
  }
  return DRIVER.test(error.message)
}
