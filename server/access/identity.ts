import { z } from 'zod'
import type { Grants } from '../protocol.ts'
import { grantsSchema } from './grants.ts'

/** Who a connection or a request is, as its token proves. */
export interface Identity {
  readonly user: string
  readonly name: string
  /** What the token grants: nothing where it leaves that to the application. */
  readonly grants: Grants
  /** The token names no grants: the application decides alone. Possible only where there is one to be asked. */
  readonly defers: boolean
  /** When the token was signed, by its `iat`; milliseconds since the epoch, 0 where it does not say. */
  readonly issuedAt: number
  /** When the token stops being taken here, leeway included; milliseconds since the epoch. */
  readonly expiresAt: number
}

const MAX_NAME = 100

/** Printable, without characters that are invisible or turn the text around, without white space at the ends. */
const USER_ID = /^(?!\s)[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]{1,128}(?<!\s)$/u

/** Control characters, halves of surrogate pairs, line separators, and what reverses the text around it. */
const UNSHOWABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

export const userIdSchema = z.string().regex(USER_ID, 'must be 1 to 128 printable characters')

/** What others are shown; unlike the id it is cleaned, since a person's name should never lock them out. */
export const displayName = (name: string | null | undefined, user: string): string =>
  [...(name ?? '').replace(UNSHOWABLE, '').trim()].slice(0, MAX_NAME).join('').trim() || user

/** The latest moment that a Date can hold, in seconds. */
const LAST_SECOND = 8.64e12

export const claimsSchema = z.object({
  sub: userIdSchema,
  name: z.string().nullish(),
  grants: grantsSchema.optional(),
  exp: z.number('must be there: tokens here expire').positive().max(LAST_SECOND),
  iat: z.number().nonnegative().max(LAST_SECOND).optional(),
})

/** The first thing that zod found wrong, with where it is. */
export function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0]
  if (issue === undefined) return 'unknown'
  const path = issue.path.map(String).join('.').slice(0, 100)
  return path === '' ? issue.message : `${path} ${issue.message}`
}
