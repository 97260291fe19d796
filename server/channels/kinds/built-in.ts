import type { PayloadsOf } from '../kind.ts'
import { analytics } from './analytics.ts'
import { build } from './build.ts'
import { chat } from './chat.ts'
import { comment } from './comment.ts'
import { deployment } from './deployment.ts'
import { idea } from './idea.ts'
import { node } from './node.ts'
import { performance } from './performance.ts'
import { preview } from './preview.ts'
import { project } from './project.ts'
import { system } from './system.ts'
import { user } from './user.ts'

/** The kinds of rooms that every server knows. */
export const BUILT_IN = [
  idea,
  project,
  build,
  deployment,
  preview,
  node,
  analytics,
  performance,
  system,
  comment,
  chat,
  user,
] as const

/** What each of their events carries, by its type. */
export type BuiltInPayloads = UnionToIntersection<PayloadsOf<(typeof BUILT_IN)[number]>>

type UnionToIntersection<Union> = (Union extends unknown ? (of: Union) => void : never) extends (
  of: infer Intersection,
) => void
  ? Intersection
  : never
