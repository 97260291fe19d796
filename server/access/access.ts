import type pg from 'pg'
import type { Config } from '../config.ts'
import type { Logger } from '../observe/log.ts'
import type { Pulse } from '../storage/pulse.ts'
import { Application } from './application.ts'
import { Authorizer, type AuthorizerOptions } from './authorizer.ts'
import { Revocations } from './revocations.ts'
import { createVerifier, type Verify } from './verifier.ts'

/** Who somebody is, what they may do, and until when. */
export interface Access {
  readonly verify: Verify
  readonly authorizer: Authorizer
  readonly revocations: Revocations
}

/** @param rules of rooms that grants alone do not decide on */
export async function openAccess(
  { tokens, issuer, application, roomKinds }: Pick<Config, 'tokens' | 'issuer' | 'application' | 'roomKinds'>,
  rules: AuthorizerOptions['rules'],
  pool: pg.Pool,
  pulse: Pulse,
  logger: Logger,
): Promise<Access> {
  const revocations = new Revocations(pool)
  const verifyToken = createVerifier(tokens, { issuer, mayDefer: application !== undefined }, logger)
  const asked = application && new Application(application, logger)
  const authorizer = new Authorizer({ roomKinds, application: asked, rules })
  revocations.onRevoked((revocation) => authorizer.forget(revocation))
  await revocations.start(pulse)
  return {
    authorizer,
    revocations,
    verify: async (token) => {
      const identity = await verifyToken(token)
      revocations.check(identity)
      return identity
    },
  }
}
