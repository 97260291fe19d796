/** How long an answer may take, from the question to its last byte, in ms. */
const ANSWER_WITHIN = 3_000

interface JsonRequest {
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** The largest answer taken, in bytes. */
  readonly maxBytes: number
}

/**
 * Asks a service that decides who is let in. Anything but a whole answer of status 200 from that very address,
 * in time, is a failure: no redirect is followed, since it could lead to an address that nobody vouched for.
 * @throws whatever `fetch` throws, an `Error` that says what was wrong, or a `SyntaxError`.
 */
export async function requestJson(url: string, { maxBytes, ...request }: JsonRequest): Promise<unknown> {
  const response = await fetch(url, {
    ...request,
    redirect: 'error',
    signal: AbortSignal.timeout(ANSWER_WITHIN),
  })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`answered with status ${response.status}`)
  }
  return JSON.parse(await text(response.body ?? [], maxBytes))
}

async function text(
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  maxBytes: number,
): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > maxBytes) throw new Error(`answered with more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
