import { SynclineError } from '../errors.ts'
import type { Answer } from './application.ts'
import type { Identity } from './identity.ts'

/** Whose answers, about which room; left out, everybody's, about every room. */
export interface Whose {
  readonly user?: string | undefined
  readonly room?: string | undefined
}

type Ask = (identity: Identity, room: string) => Promise<Answer>

interface Question extends Required<Whose> {
  readonly answer: Promise<Answer>
  /** What it is answered is no longer to be believed. */
  forgotten: boolean
}

interface Kept extends Required<Whose> {
  readonly answer: Answer
}

/** People and rooms whose answers are kept; beyond them the one that was not asked for longest goes. */
const MAX_KEPT = 20_000
/** An answer that is forgotten while it is under way is asked for again, this often at most. */
const MAX_ASKED = 5

/** The application's answers, each until it ends. Whoever asks the same at the same time waits for one answer. */
export class Answers {
  readonly #ask: Ask
  /** Oldest use first, which is what a Map keeps to if what is used is put in anew. */
  readonly #kept = new Map<string, Kept>()
  readonly #asked = new Map<string, Question>()

  constructor(ask: Ask) {
    this.#ask = ask
  }

  /** @throws SynclineError `authorization-unavailable` */
  async get(identity: Identity, room: string): Promise<Answer> {
    const key = `${identity.user}\n${room}` // neither has a line break in it
    for (let asked = 0; asked < MAX_ASKED; asked++) {
      const kept = this.#kept.get(key)
      if (kept !== undefined && kept.answer.until > Date.now()) {
        this.#keep(key, kept)
        return kept.answer
      }
      const question = this.#asked.get(key) ?? this.#put(key, identity, room)
      const answer = await question.answer
      if (!question.forgotten) return answer
    }
    throw new SynclineError('authorization-unavailable')
  }

  /** Also what is under way: what is asked from now on is asked anew. */
  forget({ user, room }: Whose): void {
    const meant = (whose: Required<Whose>) =>
      (user === undefined || whose.user === user) && (room === undefined || whose.room === room)
    for (const [key, kept] of this.#kept) if (meant(kept)) this.#kept.delete(key)
    for (const [key, question] of this.#asked) {
      if (!meant(question)) continue
      question.forgotten = true
      this.#asked.delete(key)
    }
  }

  #put(key: string, identity: Identity, room: string): Question {
    const answer = this.#ask(identity, room)
    const question: Question = { user: identity.user, room, answer, forgotten: false }
    this.#asked.set(key, question)
    const settle = (kept: Answer | undefined) => {
      if (question.forgotten) return
      this.#asked.delete(key)
      if (kept !== undefined) this.#keep(key, { user: identity.user, room, answer: kept })
    }
    answer.then(settle, () => settle(undefined))
    return question
  }

  #keep(key: string, kept: Kept): void {
    this.#kept.delete(key)
    this.#kept.set(key, kept)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > MAX_KEPT && oldest !== undefined) this.#kept.delete(oldest)
  }
}
