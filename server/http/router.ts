import { OpenAPIHono, type z } from '@hono/zod-openapi'
import { firstIssue } from '../access/identity.ts'
import { SynclineError } from '../errors.ts'
import type { Role } from '../protocol.ts'
import { refusalSchema } from './refusal.ts'

const JSON_TYPE = 'application/json'

/** An OpenAPI body of this form. */
export const json = <Schema>(schema: Schema) => ({ content: { [JSON_TYPE]: { schema } } }) as const

/** The body of a request in JSON, and one as somebody would send it, which a test sends to a server. */
export const jsonBody = <Schema extends z.ZodType>(schema: Schema, example: z.input<Schema>) =>
  ({ required: true, content: { [JSON_TYPE]: { schema, example } } }) as const

/** What any route may answer besides what it is for. */
export const refusals = { default: { description: 'A refusal', ...json(refusalSchema) } } as const

/** The security scheme of routes that take a token. */
export const BEARER = 'bearer'

/**
 * Of a route that takes a token: any, or one with that role, in the room that the address names or `*:*` for everywhere. It
 * is said in OpenAPI's own place for roles; the route's code is what refuses.
 */
export const needs = (role?: Role | 'admin in *:*') => [{ [BEARER]: role === undefined ? [] : [role] }]

/** Routes of one resource, whose requests are refused with the path of what is wrong in them. */
export const createRouter = () =>
  new OpenAPIHono({
    defaultHook: (result) => {
      if (result.success) return
      const part = result.target === 'json' ? 'body' : result.target
      throw new SynclineError('request-invalid', `${part}: ${firstIssue(result.error)}`)
    },
  })

export type Router = ReturnType<typeof createRouter>
