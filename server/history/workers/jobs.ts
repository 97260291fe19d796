import type { ErrorCode } from '../../errors.ts'
import type { RoomId, Seq } from '../../log/entry.ts'
import type { Compared, CompareRequest } from '../compare/compare.ts'
import type { Format } from '../content/convert.ts'
import type { WriteRequest } from '../write/requests.ts'
import type { PlannedWrite } from '../write/write.ts'

/** What a worker does, each for one room, and what it answers. */
export interface Jobs {
  /** Compares positions, or plans a restore of the room as it is at `head` or further on. */
  readonly compare: {
    readonly input: { readonly head: Seq; readonly request: CompareRequest }
    readonly output: Compared
  }
  /** Brings what is kept beside the log up to `head`, or so far as it comes in a while: says whether it is there. */
  readonly index: { readonly input: { readonly head: Seq; readonly now: number }; readonly output: boolean }
  readonly content: {
    readonly input: { readonly seq: Seq; readonly format: Format }
    readonly output: Uint8Array<ArrayBuffer>
  }
  /** The last position that was reached by then, of those up to `head`. */
  readonly seqAt: { readonly input: { readonly head: Seq; readonly time: number }; readonly output: Seq }
  /** When a position was reached (ms), and by whom; null for the empty room. */
  readonly entryOf: {
    readonly input: { readonly seq: Seq }
    readonly output: { readonly at: number; readonly actor: string } | null
  }
  /** The edit that writes something, for the room as it is at `head` or further on; 0 where there is none yet. */
  readonly write: {
    readonly input: { readonly head: Seq; readonly request: WriteRequest }
    readonly output: PlannedWrite
  }
  /** The first entry after `after`, up to `head`, that this Yjs client id has written in. */
  readonly entryBy: {
    readonly input: { readonly after: Seq; readonly head: Seq; readonly client: number }
    readonly output: Seq | null
  }
}

export type JobKind = keyof Jobs

export type JobMessage = {
  readonly [Kind in JobKind]: {
    readonly id: number
    readonly room: RoomId
    readonly kind: Kind
    readonly input: Jobs[Kind]['input']
  }
}[JobKind]

/** What the worker is told: a job, to drop what it holds of a room, or to finish what it does and end. */
export type ToWorker =
  | JobMessage
  | { readonly kind: 'forget'; readonly id: number; readonly room: RoomId | undefined }
  | 'close'

export type FromWorker =
  | { readonly id: number; readonly kind: 'forgotten' }
  | { readonly id: number; readonly kind: 'done'; readonly output: Jobs[JobKind]['output'] }
  | {
      readonly id: number
      readonly kind: 'refused'
      readonly code: ErrorCode
      readonly detail: string | undefined
      /** For the log. */
      readonly stack: string | undefined
    }
