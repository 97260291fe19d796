/** What ends a process that has spent the processor time it may: by its name of old, and without a core dump. */
export const OVERSPENT = 'SIGVTALRM'
