import { ERRORS, type ErrorCode, isErrorCode } from '../../server/errors.ts'
import { API_PREFIX } from '../../server/protocol.ts'
import { answered } from './answered.ts'

export interface ServerInfo {
  readonly version: string
  readonly development: boolean
}

export interface DocumentSummary {
  readonly name: string
  readonly kind: string
  readonly title: string | null
  readonly editor: string | null
  readonly head: number
  readonly createdAt: string
  readonly createdBy: string
  readonly changedAt: string
}

/** A request that failed: with the server's own words when it gave any. */
export class RequestError extends Error {
  readonly code: ErrorCode | 'unreachable'

  constructor(code: ErrorCode | 'unreachable', message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'RequestError'
    this.code = code
  }

  /** Whether nobody knows if it was done: there was no answer, or one of a server that did not get to the end of it. */
  get unsure(): boolean {
    return this.code === 'unreachable' || !isRefusal(this.code)
  }
}

/** What was asked for is wrong, or not for this person; who has left does not hear how it ended. */
const isRefusal = (code: ErrorCode): boolean => ERRORS[code].status < 500 && code !== 'request-abandoned'

export type TokenSource = () => Promise<string>

export const getInfo = (): Promise<ServerInfo> => request<ServerInfo>('/info', { within: LISTED_WITHIN })

export async function getDevelopmentToken(
  user: { readonly id: string; readonly name: string },
  grants?: Readonly<Record<string, string>>,
): Promise<string> {
  const answer = await request<{ readonly token: string }>('/dev/token', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user, grants }),
    within: LISTED_WITHIN,
  })
  return answer.token
}

/** The most that one page may hold. */
const PAGE = '100'

/** Every document that the token may read, last changed first. */
export async function getDocuments(
  token: TokenSource,
  signal: AbortSignal,
): Promise<readonly DocumentSummary[]> {
  const headers = { authorization: `Bearer ${await token()}` }
  const all: DocumentSummary[] = []
  let after: string | null = null
  do {
    const query = new URLSearchParams({ kind: 'doc', limit: PAGE, ...(after === null ? {} : { after }) })
    const page: Page = await request<Page>(`/rooms?${query}`, { headers, signal, within: LISTED_WITHIN })
    all.push(...page.rooms)
    after = page.next
  } while (after !== null)
  return all
}

interface Page {
  readonly rooms: readonly DocumentSummary[]
  readonly next: string | null
}

interface Asked extends RequestInit {
  /** How long an answer is waited for, and each further part of it, in ms. */
  readonly within?: number
}

/** Copying a large room takes a minute. */
const ANSWERED_WITHIN = 120_000
/** What is small, asked for again and again, and there at once where the server is. */
export const LISTED_WITHIN = 15_000

/** Asks for JSON; an answer without a body is `undefined`. */
export async function request<T>(path: string, asked?: Asked): Promise<T> {
  return parse(new TextDecoder().decode(await requestBytes(path, asked))) as T
}

export async function requestBytes(
  path: string,
  { within = ANSWERED_WITHIN, ...init }: Asked = {},
): Promise<Uint8Array> {
  // An answer that breaks off, or is given up, is none.
  const { response, bytes } = await answered(`${API_PREFIX}${path}`, init, within).catch((cause: unknown) => {
    throw init.signal?.aborted ? cause : unreachable(cause)
  })
  if (!response.ok) throw refusal(parse(new TextDecoder().decode(bytes)))
  return bytes
}

function unreachable(cause: unknown): RequestError {
  const silent = cause instanceof DOMException && cause.name === 'TimeoutError'
  const words = silent ? 'The server does not answer' : 'The server cannot be reached'
  return new RequestError('unreachable', words, { cause })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function refusal(body: unknown): RequestError {
  const error = isRecord(body) && isRecord(body.error) ? body.error : {}
  if (!isErrorCode(error.code)) return new RequestError('internal', ERRORS.internal.reason)
  return new RequestError(
    error.code,
    typeof error.message === 'string' ? error.message : ERRORS[error.code].reason,
  )
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null
