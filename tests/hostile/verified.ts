import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const CLI = fileURLToPath(new URL('../../server/syncline.ts', import.meta.url))

/** What `syncline verify` says, in its last two lines, of a database whose server is stopped. */
export function verifyAll(databaseUrl: string): Promise<string> {
  const env = { ...process.env, DATABASE_URL: databaseUrl }
  return new Promise((resolve) => {
    execFile(process.execPath, [CLI, 'verify'], { env }, (error, said, complaint) => {
      // With a damaged room its exit code is 1, and every line counts.
      resolve(error === null ? said.trim().split('\n').slice(-2).join('\n') : `${said}${complaint}`)
    })
  })
}

/** That it finds nothing damaged. */
export const UNDAMAGED = /^\d+ rooms verified, 0 damaged\nwhat was made of them verified, 0 inconsistencies$/
