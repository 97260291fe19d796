import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { WebhookMessage } from './message.ts'

// As https://www.standardwebhooks.com says it, so that a receiver may verify with a library that it has.
const PREFIX = 'whsec_'
const SECRET_BYTES = 32
/** How far the time of a message may be from the receiver's clock, in seconds. */
const TOLERANCE = 5 * 60

/** 256 random bits, as receivers are given them. */
export const newSecret = (): string => `${PREFIX}${randomBytes(SECRET_BYTES).toString('base64')}`

const sign = (secret: string, id: string, timestamp: string, body: string): Buffer =>
  createHmac('sha256', Buffer.from(secret.slice(PREFIX.length), 'base64'))
    .update(`${id}.${timestamp}.${body}`)
    .digest()

/** The headers of a message that is sent now; one signature for each secret that counts. */
export function signatureHeaders(
  secrets: readonly string[],
  id: string,
  body: string,
): Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>> {
  const timestamp = String(Math.floor(Date.now() / 1000))
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': secrets
      .map((secret) => `v1,${sign(secret, id, timestamp, body).toString('base64')}`)
      .join(' '),
  }
}

/** A message that says it is from Syncline, and is not, or not of now: answer 400 or 401, and do nothing else. */
export class WebhookSignatureError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'WebhookSignatureError'
  }
}

/** Headers as `node:http`, `fetch` and most frameworks have them; names in lower case. */
type MessageHeaders = Headers | Readonly<Record<string, string | readonly string[] | undefined>>

/**
 * What a receiver does first: makes sure that a message is from the server that has this secret, and was signed within the
 * last five minutes. Its `id` never changes, however often it is sent: who has done it answers 200 and does nothing.
 *
 * @param secret `whsec_…`
 * @param body as it came, before anything has parsed it
 * @returns the message
 * @throws WebhookSignatureError
 */
export function verifyWebhook(
  secret: string,
  headers: MessageHeaders,
  body: string | Uint8Array,
): WebhookMessage {
  const id = headerOf(headers, 'webhook-id')
  const timestamp = headerOf(headers, 'webhook-timestamp')
  const given = headerOf(headers, 'webhook-signature').split(' ')
  if (!/^\d{1,12}$/.test(timestamp)) throw new WebhookSignatureError('webhook-timestamp is no time')
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > TOLERANCE)
    throw new WebhookSignatureError('the message was signed more than five minutes ago, or ahead')
  const text = typeof body === 'string' ? body : Buffer.from(body).toString()
  const expected = Buffer.from(`v1,${sign(secret, id, timestamp, text).toString('base64')}`)
  const isExpected = (signature: string) => {
    const bytes = Buffer.from(signature)
    return bytes.length === expected.length && timingSafeEqual(bytes, expected)
  }
  if (!given.some(isExpected)) throw new WebhookSignatureError('no signature is of this secret')
  return JSON.parse(text)
}

function headerOf(headers: MessageHeaders, name: string): string {
  const value = headers instanceof Headers ? headers.get(name) : headers[name]
  if (typeof value !== 'string') throw new WebhookSignatureError(`the header ${name} is missing`)
  return value
}
