import { z } from 'zod'
import { defineKind, event } from '../kind.ts'
import { address, count, duration, id, labels, share, text, title } from './values.ts'

/** Of a branch or a tag. */
const ref = z.string().min(1).max(250)
const revision = z.string().regex(/^[0-9a-f]{7,64}$/, 'must be a commit hash')

/** One build in a room of its own, `build:<id>`. */
export const build = defineKind('build', {
  created: event(
    z.strictObject({
      title,
      project: id.optional(),
      ref: ref.optional(),
      revision: revision.optional(),
      steps: z.array(z.strictObject({ id, title })).max(200).optional(),
      url: address.optional(),
      labels: labels.optional(),
    }),
  ),
  queued: event(z.strictObject({ position: count.optional(), queue: title.optional() })),
  started: event(z.strictObject({ worker: title.optional() })),
  progress: event(
    z.strictObject({
      share,
      step: id.optional(),
      state: z.enum(['running', 'done', 'failed', 'skipped']).optional(),
      message: title.optional(),
    }),
  ),
  /** Many lines at once; `first` is the number of the first of them, counted from 1. */
  log: event(
    z.strictObject({
      first: z.int().positive(),
      lines: z.array(z.string().max(16_384)).min(1).max(2_000),
      stream: z.enum(['stdout', 'stderr']).default('stdout'),
      step: id.optional(),
    }),
  ),
  completed: event(
    z.strictObject({
      duration: duration.optional(),
      artifacts: z
        .array(z.strictObject({ name: title, url: address.optional(), bytes: count.optional() }))
        .max(200)
        .optional(),
      warnings: count.optional(),
    }),
  ),
  failed: event(
    z.strictObject({
      message: text,
      step: id.optional(),
      code: z.int().optional(),
      duration: duration.optional(),
    }),
  ),
  cancelled: event(z.strictObject({ reason: text.optional() })),
})
