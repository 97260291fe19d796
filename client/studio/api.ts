import { ERRORS, type ErrorCode, isErrorCode } from '../../server/errors.ts'
import { API_PREFIX } from '../../server/protocol.ts'

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

export const getInfo = (): Promise<ServerInfo> => request<ServerInfo>('/info')

export async function getDevelopmentToken(
  user: { readonly id: string; readonly name: string },
  grants?: Readonly<Record<string, string>>,
): Promise<string> {
  const answer = await request<{ readonly token: string }>('/dev/token', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user, grants }),
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
    const page: Page = await request<Page>(`/rooms?${query}`, { headers, signal })
    all.push(...page.rooms)
    after = page.next
  } while (after !== null)
  return all
}

interface Page {
  readonly rooms: readonly DocumentSummary[]
  readonly next: string | null
}

/** Asks for JSON; an answer without a body is `undefined`. */
export async function request<T>(path: string, init?: RequestInit): Promise<T> {
  return parse(new TextDecoder().decode(await requestBytes(path, init))) as T
}

export async function requestBytes(path: string, init?: RequestInit): Promise<Uint8Array> {
  let response: Response
  let bytes: Uint8Array
  try {
    response = await fetch(`${API_PREFIX}${path}`, init)
    // An answer that breaks off, or is given up, is none.
    bytes = new Uint8Array(await response.arrayBuffer())
  } catch (cause) {
    if (init?.signal?.aborted) throw cause
    throw new RequestError('unreachable', 'The server cannot be reached', { cause })
  }
  if (!response.ok) throw refusal(parse(new TextDecoder().decode(bytes)))
  return bytes
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
