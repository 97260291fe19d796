import { z } from '@hono/zod-openapi'

/** What people write, and what is looked for: Postgres takes no NUL in a text. */
export const text = z.string().refine((value) => !value.includes('\0'), 'must not contain U+0000')
