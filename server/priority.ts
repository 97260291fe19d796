import { getPriority, setPriority } from 'node:os'

/** What nice calls it. */
const LATER = 10

/** Has this process, or on Linux this thread, wait where others want the processor. */
export function lowerPriority(): void {
  try {
    // Where the server was started at less than this already, it would be raised, which only root may.
    if (getPriority() < LATER) setPriority(LATER)
  } catch {
    // A system that keeps it from everybody has it done at the priority that it has.
  }
}

/** On Linux a thread has a priority of its own; elsewhere it would be the whole process that waits. */
export function lowerPriorityOfThread(): void {
  if (process.platform === 'linux') lowerPriority()
}
