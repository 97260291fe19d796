import { RequestError } from '../api.ts'

/** Why something that was asked for was not seen to be done. */
export interface Failure {
  readonly why: string
  /** Nobody knows whether it was done: there was no answer, or none that says it. */
  readonly unsure: boolean
}

export const failureOf = (cause: unknown): Failure =>
  cause instanceof RequestError
    ? { why: cause.message, unsure: cause.unsure }
    : { why: 'The server’s answer cannot be read', unsure: true }

export const failureWords = ({ why, unsure }: Failure): string =>
  `${why}. ${unsure ? 'It may have been done; look before you try again.' : 'Nothing was changed.'}`
