import { z } from 'zod'
import type { ApplicationConfig } from '../config.ts'
import { SynclineError } from '../errors.ts'
import type { Logger } from '../observe/log.ts'
import { ROLES } from '../protocol.ts'
import type { Identity } from './identity.ts'
import { requestJson } from './request-json.ts'

/** An answer that does not say how long it holds does so for this long, in s; no answer holds longer than the second. */
const TTL = { default: 60, max: 3600 }
const MAX_ANSWER_BYTES = 16 * 1024
/** Questions under way at once: a full house of people who reconnect, and an application that is slow. */
const MAX_QUESTIONS = 256
/** Of one person: a list of theirs may ask of hundreds of rooms. */
const MAX_OF_PERSON = 16

const answerSchema = z.object({
  role: z.enum(ROLES).nullable(),
  create: z.boolean().default(true),
  ttl: z.number().min(0).default(TTL.default),
})

/** What the application lets somebody do in a room. */
export interface Answer extends z.infer<typeof answerSchema> {
  /** Until when it holds; milliseconds since the epoch. */
  readonly until: number
}

/** One person's questions. */
interface Line {
  asking: number
  readonly waiting: PromiseWithResolvers<void>[]
}

/** The application at AUTHORIZE_URL, asked each time. */
export class Application {
  readonly #config: ApplicationConfig
  readonly #logger: Logger
  #asking = 0
  readonly #lines = new Map<string, Line>()

  constructor(config: ApplicationConfig, logger: Logger) {
    this.#config = config
    this.#logger = logger
  }

  /**
   * What one person asks beyond a few questions waits for those to be answered: nobody else is without a place for it.
   * @throws SynclineError `authorization-unavailable` for whatever is no answer, and where none came to what it waited for
   */
  async ask(identity: Identity, room: string): Promise<Answer> {
    const line = this.#lines.get(identity.user) ?? { asking: 0, waiting: [] }
    this.#lines.set(identity.user, line)
    if (line.asking < MAX_OF_PERSON) line.asking += 1
    else await waitIn(line)
    try {
      return await this.#ask(identity, room)
    } catch (error) {
      // One after the other they would wait for minutes.
      for (const { reject } of line.waiting.splice(0)) reject(error)
      throw error
    } finally {
      const next = line.waiting.shift()
      if (next === undefined) line.asking -= 1
      else next.resolve()
      if (line.asking === 0) this.#lines.delete(identity.user)
    }
  }

  async #ask({ user, name }: Identity, room: string): Promise<Answer> {
    if (this.#asking >= MAX_QUESTIONS) throw new SynclineError('authorization-unavailable')
    this.#asking += 1
    // Counted from the question: the answer may be as old as that.
    const asked = Date.now()
    try {
      const answer = answerSchema.parse(await this.#request({ user, name, room }))
      return { ...answer, until: asked + Math.min(answer.ttl, TTL.max) * 1000 }
    } catch (cause) {
      this.#logger.warn({ err: cause, room }, 'AUTHORIZE_URL gave no answer')
      throw new SynclineError('authorization-unavailable', undefined, { cause })
    } finally {
      this.#asking -= 1
    }
  }

  #request(question: { readonly user: string; readonly name: string; readonly room: string }) {
    const { url, secret } = this.#config
    return requestJson(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        ...(secret !== undefined && { authorization: `Bearer ${secret}` }),
      },
      body: JSON.stringify(question),
      maxBytes: MAX_ANSWER_BYTES,
    })
  }
}

/** Resolves with the place of a question that was answered. */
function waitIn({ waiting }: Line): Promise<void> {
  const turn = Promise.withResolvers<void>()
  waiting.push(turn)
  return turn.promise
}
