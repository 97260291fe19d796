/** An answer with all that came of it. */
export interface Answer {
  readonly response: Response
  readonly bytes: Uint8Array
}

/**
 * As `fetch`, to the end of the answer. Where nothing comes for so long it rejects with a TimeoutError: a network that drops
 * what is sent tells nobody. An answer that is long on its way may be: as long as it comes, it is waited for.
 * @param within in ms
 */
export async function answered(url: string, init: RequestInit, within: number): Promise<Answer> {
  const asked = new AbortController()
  const giveUp = () => asked.abort(init.signal?.reason)
  init.signal?.addEventListener('abort', giveUp)
  if (init.signal?.aborted) giveUp()
  let timer: ReturnType<typeof setTimeout> | undefined
  const wait = () => {
    clearTimeout(timer)
    timer = setTimeout(() => asked.abort(new DOMException('No answer', 'TimeoutError')), within)
  }
  wait()
  try {
    const response = await fetch(url, { ...init, signal: asked.signal })
    wait()
    const heard = new TransformStream<Uint8Array, Uint8Array>({
      transform: (part, further) => {
        wait()
        further.enqueue(part)
      },
    })
    const body = response.body?.pipeThrough(heard) ?? null
    return { response, bytes: new Uint8Array(await new Response(body).arrayBuffer()) }
  } finally {
    clearTimeout(timer)
    init.signal?.removeEventListener('abort', giveUp)
  }
}
