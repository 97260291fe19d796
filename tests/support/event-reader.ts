import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** One event of an event stream. */
export interface Told {
  readonly id: string | undefined
  readonly event: string
  readonly data: Record<string, unknown>
}

export interface Curl {
  readonly told: readonly Told[]
  /** All that came, headers included. */
  output(): string
  /** Resolves with curl's exit code. */
  readonly ended: Promise<number | null>
  stop(): void
}

/** `curl -N` on an event stream. */
export function curl(url: string, headers: Readonly<Record<string, string>> = {}): Curl {
  const args = ['-N', '-s', '-i', '-H', 'Accept: text/event-stream', '--max-time', '60']
  for (const [name, value] of Object.entries(headers)) args.push('-H', `${name}: ${value}`)
  const child = spawn('curl', [...args, url], { stdio: ['ignore', 'pipe', 'ignore'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  return {
    get told() {
      return toldIn(output.slice(output.indexOf('\r\n\r\n') + 4))
    },
    output: () => output,
    ended: once(child, 'exit').then(([code]) => (typeof code === 'number' ? code : null)),
    stop: () => void child.kill(),
  }
}

/** The events of a stream, without those that have not come whole. */
function toldIn(text: string): readonly Told[] {
  const blocks = text.split('\n\n').slice(0, -1)
  return blocks.flatMap((block) => {
    const fields = new Map(
      block.split('\n').map((line) => {
        const at = line.indexOf(': ')
        return [line.slice(0, at), line.slice(at + 2)] as const
      }),
    )
    const event = fields.get('event')
    if (event === undefined) return []
    return [{ id: fields.get('id'), event, data: JSON.parse(fields.get('data') ?? '{}') }]
  })
}
