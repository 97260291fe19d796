import { z } from 'zod'
import { defineKind, event } from '../kind.ts'
import { address, count, id, title } from './values.ts'

/** What a document or a branch looks like when it is run: `preview:<id>`. */
export const preview = defineKind('preview', {
  updated: event(
    z.strictObject({ url: address, build: id.optional(), seq: count.optional(), title: title.optional() }),
  ),
})
