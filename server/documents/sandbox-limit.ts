/** What ends a process that has spent the processor time it may: by its name of old, and without a core dump. */
export const OVERSPENT = 'SIGVTALRM'

/** Above what any process spends, in ms: 24 days. */
export const UNLIMITED = 2 ** 31 - 1

/**
 * What the thread that tries things and the one that watches it have in common: a limit that is said in a message is read
 * late where the machine is busy, and would end the task after the one that it was for.
 */
export interface Watched {
  /** The process that the results are for. */
  readonly parent: number
  /** One value, in ms of `processTime`. */
  readonly limit: Int32Array
}

/** Processor time of all threads of this process since its start, in ms. */
export function processTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
