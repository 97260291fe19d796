import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { VERSION } from '../package.ts'
import type { Addresses } from './address.ts'

/** What is read of an answer before the receiver is cut off, in bytes: nothing is done with it. */
const MAX_ANSWER = 64 * 1024

/** What a receiver said. */
export interface Answer {
  readonly status: number
  /** In how many ms it wants to be asked again, where it said. */
  readonly retryAfter: number | undefined
}

/**
 * Posts JSON to an address; redirects are answers like any other. Resolves when the answer has been read to its end.
 * @throws AddressRefused, or whatever keeps it from being answered in time
 */
export async function post(
  addresses: Addresses,
  address: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
): Promise<Answer> {
  const url = addresses.parse(address)
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const send = url.protocol === 'https:' ? requestHttps : requestHttp
  const request = send(
    url,
    {
      method: 'POST',
      lookup: addresses.lookupFor(url),
      // A connection that is kept would be one that was checked for another message.
      agent: false,
      signal,
      headers: {
        ...headers,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': `Syncline/${VERSION}`,
      },
    },
    (response) => {
      const answer = {
        status: response.statusCode ?? 0,
        retryAfter: retryAfter(response.headers['retry-after']),
      }
      let read = 0
      response.on('error', reject)
      response.on('end', () => resolve(answer))
      response.on('data', (chunk: Buffer) => {
        read += chunk.length
        if (read <= MAX_ANSWER) return
        // It has said what counts; resolved first, so that its end is no failure.
        resolve(answer)
        request.destroy()
      })
    },
  )
  request.on('error', reject)
  // Of what has been settled before, nothing. An answer that would be another protocol ends without a word.
  request.on('close', () => reject(new Error('the receiver closed the connection without an answer')))
  request.end(body)
  return promise
}

/** Seconds, or a date (RFC 9110 10.2.3). */
function retryAfter(header: string | undefined): number | undefined {
  if (header === undefined) return undefined
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined
}
