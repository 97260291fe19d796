import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { ERRORS, SynclineError } from '../server/errors.ts'

/** The rows, unpadded, that docs/ERRORS.md must have, in the catalogue's order. */
const expected = Object.entries(ERRORS).map(
  ([code, { status, retryable, reason }]) =>
    `| \`${code}\` | ${status} | ${retryable ? 'yes' : 'no'} | ${reason} |`,
)

const rowsOf = (markdown: string): readonly string[] =>
  markdown
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.replace(/ {2,}/g, ' '))

describe('the catalogue of errors', () => {
  it('[ERR1] is what docs/ERRORS.md says, row by row', async () => {
    const page = await readFile(new URL('../docs/ERRORS.md', import.meta.url), 'utf8')
    expect(rowsOf(page)).toEqual(expected)
  })

  it('[ERR1] has a control: a row that is missing or out of date is seen', () => {
    expect(rowsOf(expected.slice(1).join('\n'))).not.toEqual(expected)
    expect(rowsOf(expected.join('\n').replace('404', '200'))).not.toEqual(expected)
  })

  it('[ERR2] gives every code a status that HTTP knows and a reason that people can read', () => {
    for (const [code, { status, reason }] of Object.entries(ERRORS)) {
      expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/)
      expect(status).toBeGreaterThanOrEqual(400)
      expect(status).toBeLessThan(600)
      expect(reason).toMatch(/^[A-Z][^|\n]+[^.]$/)
    }
    expect(new SynclineError('internal').reason).toBe('internal')
  })
})
