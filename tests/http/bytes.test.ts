import { expect, it } from 'vitest'
import { bytesBody } from '../../server/http/bytes.ts'

const firstOf = async (answer: Response) => (await answer.body?.getReader().read())?.value

it('[HIS114] a position is answered with the bytes that a worker made, and not with copies of them', async () => {
  const bytes = new TextEncoder().encode('x'.repeat(100_000))
  const { body, headers } = bytesBody(bytes)
  // As a middleware that adds a header does.
  const answer = new Response(body, { headers })
  const passedOn = new Response(answer.body, answer)
  expect(passedOn.headers.get('content-length')).toBe('100000')
  expect(await firstOf(passedOn)).toBe(bytes)
  // The control: given the bytes, it would have others.
  expect(await firstOf(new Response(bytes))).not.toBe(bytes)
})
