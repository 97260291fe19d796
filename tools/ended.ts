import type { ChildProcess } from 'node:child_process'

/** How a process has ended, its exit code or the signal that ended it; undefined while it runs. */
export const endOf = ({ exitCode, signalCode }: ChildProcess): number | NodeJS.Signals | undefined =>
  exitCode ?? signalCode ?? undefined
