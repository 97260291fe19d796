import { statSync } from 'node:fs'
import { resolve } from 'node:path'

/** Looked for in the working directory, in this order, where SYNCLINE_CONFIG does not name one. */
const DEFAULTS = ['syncline.config.ts', 'syncline.config.js', 'syncline.config.mjs']

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false

/** The application's file with its own kinds of rooms, if it has one; one that is named must be there. */
export function configFile(given: string | undefined, problems: string[]): string | undefined {
  if (given === undefined) return DEFAULTS.map((name) => resolve(name)).find(isFile)
  const path = resolve(given)
  if (!isFile(path)) problems.push(`SYNCLINE_CONFIG ${path} is not a file`)
  return path
}
