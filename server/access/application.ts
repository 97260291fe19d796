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

/** The application at AUTHORIZE_URL, asked each time. */
export class Application {
  readonly #config: ApplicationConfig
  readonly #logger: Logger
  #asking = 0

  constructor(config: ApplicationConfig, logger: Logger) {
    this.#config = config
    this.#logger = logger
  }

  /** @throws SynclineError `authorization-unavailable` for whatever is no answer. */
  async ask({ user, name }: Identity, room: string): Promise<Answer> {
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
