import { readFile } from 'node:fs/promises'

/** Whether a process runs; one that has ended and only waits to be noticed by its parent does not. */
export async function isAlive(pid: number): Promise<boolean> {
  const state = await read(pid, 'stat')
  // The name, in parentheses, may hold anything; the state follows the last of them.
  return state !== undefined && !/^\) [ZX]/.test(state.slice(state.lastIndexOf(')')))
}

/** The short name of a process, which anybody may read whoever it belongs to. */
export const processName = async (pid: number): Promise<string | undefined> =>
  (await read(pid, 'comm'))?.trim()

async function read(pid: number, file: string): Promise<string | undefined> {
  try {
    return await readFile(`/proc/${pid}/${file}`, 'utf8')
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

const isGone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')
