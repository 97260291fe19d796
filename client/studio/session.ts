import { colorFor } from '../sdk/index.ts'
import { getDevelopmentToken, type TokenSource } from './api.ts'

/** Who writes here, and how their tokens come about. */
export interface Session {
  readonly user: { readonly id: string; readonly name: string; readonly color: string }
  /** Whether a new document is worth offering; whether it may be made is for the server to say. */
  readonly mayCreate: boolean
  /** Whether the list of all rooms is worth offering. */
  readonly administers: boolean
  /** Whether the operations are: they are for those who are admin in every room. */
  readonly operates: boolean
  readonly token: TokenSource
}

const PERSON = 'syncline.person'
const TOKEN = 'syncline.token'

/** Grants asked for in development mode: for what the studio shows, and nothing beside it. */
const STUDIO_GRANTS = {
  'doc:*': 'write',
  'build:*': 'write',
  'deployment:*': 'write',
  'project:*': 'write',
  // Of those that one belongs to; who has made one may remove people from it.
  'chat:*': 'admin',
} as const

/**
 * A pasted token is kept for this tab only and wins; a chosen name is kept on this device, with its id, so
 * that the same person returns after a reload.
 */
export function restoreSession(development: boolean): Session | undefined {
  const token = sessionStorage.getItem(TOKEN)
  if (token !== null) return sessionOfToken(token)
  const stored = localStorage.getItem(PERSON)
  if (!development || stored === null) return undefined
  const person = parse(stored)
  return typeof person?.id === 'string' && typeof person.name === 'string'
    ? sessionOfPerson(person.id, person.name)
    : undefined
}

export function startWithName(name: string): Session {
  const stored = parse(localStorage.getItem(PERSON) ?? '')
  const id = typeof stored?.id === 'string' ? stored.id : randomId()
  sessionStorage.removeItem(TOKEN)
  localStorage.setItem(PERSON, JSON.stringify({ id, name }))
  return sessionOfPerson(id, name)
}

export function startWithToken(token: string): Session | undefined {
  const session = sessionOfToken(token)
  if (session !== undefined) sessionStorage.setItem(TOKEN, token)
  return session
}

/** The name goes; the id stays, so that what was written before stays this person's. */
export function endSession(): void {
  sessionStorage.removeItem(TOKEN)
  const stored = parse(localStorage.getItem(PERSON) ?? '')
  if (typeof stored?.id === 'string') localStorage.setItem(PERSON, JSON.stringify({ id: stored.id }))
}

/** Twelve characters of a 36-letter alphabet: 62 bits, and short enough to read aloud. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12))
  return Array.from(bytes, (byte) => (byte % 36).toString(36)).join('')
}

function sessionOfPerson(id: string, name: string): Session {
  return {
    user: { id, name, color: colorFor(id) },
    mayCreate: true,
    administers: false,
    operates: false,
    token: () => getDevelopmentToken({ id, name }, STUDIO_GRANTS),
  }
}

/** Read for what is shown alone: whether the token is good is for the server to say. */
function sessionOfToken(token: string): Session | undefined {
  const payload = token.split('.')[1]
  const claims = payload === undefined ? undefined : parse(fromBase64Url(payload))
  if (typeof claims?.sub !== 'string') return undefined
  const name = typeof claims.name === 'string' ? claims.name : claims.sub
  const user = { id: claims.sub, name, color: colorFor(claims.sub) }
  const { grants } = claims
  return {
    user,
    mayCreate: mayCreate(grants),
    administers: administers(grants),
    operates: roleIn(grants, '*:*') === 'admin',
    token: async () => token,
  }
}

/** New documents have names of their own, so only a pattern grants them. */
function mayCreate(grants: unknown): boolean {
  const role = roleIn(grants, 'doc:*') ?? roleIn(grants, '*:*')
  return role === 'write' || role === 'admin'
}

const roleIn = (grants: unknown, pattern: string): unknown =>
  typeof grants === 'object' && grants !== null ? Reflect.get(grants, pattern) : undefined

const administers = (grants: unknown): boolean =>
  typeof grants === 'object' && grants !== null && Object.values(grants).includes('admin')

function fromBase64Url(text: string): string {
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
    return new TextDecoder().decode(Uint8Array.from(binary, (char) => char.charCodeAt(0)))
  } catch {
    return ''
  }
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
