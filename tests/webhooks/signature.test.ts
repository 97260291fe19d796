import { createHmac } from 'node:crypto'
import { expect, it } from 'vitest'
import { newSecret, signatureHeaders, verifyWebhook } from '../../server/webhooks/signature.ts'

const secret = newSecret()
const body = JSON.stringify({ id: 'a', type: 'ping', at: '2026-01-01T00:00:00.000Z' })
const headers = signatureHeaders([secret], 'a', body)

it('[HOOK2] a message is signed as Standard Webhooks says it', () => {
  // Their own example, of the reference implementations.
  const sent = {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  }
  const key = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64')
  const signed = `${sent['webhook-id']}.${sent['webhook-timestamp']}.{"test": 2432232314}`
  const theirs = createHmac('sha256', key).update(signed).digest('base64')
  expect(`v1,${theirs}`).toBe(sent['webhook-signature'])
  const ours = signatureHeaders([secret], 'a', body)
  const ourKey = Buffer.from(secret.replace('whsec_', ''), 'base64')
  expect(ourKey).toHaveLength(32)
  const expected = createHmac('sha256', ourKey)
    .update(`a.${ours['webhook-timestamp']}.${body}`)
    .digest('base64')
  expect(ours['webhook-signature']).toBe(`v1,${expected}`)
})

it('[HOOK2] is read by whoever has the secret, from headers of any kind', () => {
  expect(verifyWebhook(secret, headers, body)).toMatchObject({ id: 'a', type: 'ping' })
  expect(verifyWebhook(secret, new Headers(headers), Buffer.from(body))).toMatchObject({ type: 'ping' })
  const both = signatureHeaders([newSecret(), secret], 'a', body)
  expect(verifyWebhook(secret, both, body)).toMatchObject({ type: 'ping' })
})

it.each([
  ['of another secret', newSecret(), headers, body],
  ['with another body', secret, headers, body.replace('ping', 'pong')],
  ['with another id', secret, { ...headers, 'webhook-id': 'b' }, body],
  [
    'of another time',
    secret,
    { ...headers, 'webhook-timestamp': String(Number(headers['webhook-timestamp']) + 1) },
    body,
  ],
  ['without a time', secret, { ...headers, 'webhook-timestamp': 'now' }, body],
  ['without a signature', secret, { ...headers, 'webhook-signature': undefined }, body],
  ['with an empty one', secret, { ...headers, 'webhook-signature': '' }, body],
])('[HOOK2] a message %s is refused', (_, key, given, text) => {
  expect(() => verifyWebhook(key, given, text)).toThrow(/webhook-|signature/)
})

it('[HOOK2] what was signed an hour ago is refused, however right it is', () => {
  const timestamp = String(Math.floor(Date.now() / 1000) - 3_600)
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
  const old = createHmac('sha256', key).update(`a.${timestamp}.${body}`).digest('base64')
  const replayed = { 'webhook-id': 'a', 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${old}` }
  expect(() => verifyWebhook(secret, replayed, body)).toThrow('five minutes')
})
