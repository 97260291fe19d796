interface Message<Type extends string> {
  /** Of the message: the same whenever it is sent again. */
  readonly id: string
  readonly type: Type
  /** When that happened of which it tells, in ISO 8601. */
  readonly at: string
}

interface RoomMessage<Type extends string> extends Message<Type> {
  readonly room: string
}

/** An event of a type such as `chat.message`. */
export interface EventMessage<Type extends string, Payload> extends RoomMessage<`event:${Type}`> {
  readonly seq: number
  readonly actor: string
  /** As it was published: its own id, and what it carries. */
  readonly event: { readonly id: string; readonly payload: Payload }
}

/** What a webhook is told, by `type`. Fields may be added, and other types may come. */
export type WebhookMessage =
  | (RoomMessage<'document.changed'> & {
      /** There are edits among these positions of the room's log. */
      readonly from: number
      readonly to: number
      readonly actors: readonly string[]
    })
  | (RoomMessage<'version.created'> & {
      readonly seq: number
      readonly version: {
        readonly id: string
        readonly kind: 'automatic' | 'named'
        /** Of an automatic one: idle, size, restore or import. */
        readonly reason: string | null
        readonly title: string | null
        readonly description: string | null
        readonly author: string
        readonly pinned: boolean
      }
    })
  | (RoomMessage<'room.created'> & { readonly by: string })
  | (RoomMessage<'room.erased'> & { readonly by: string })
  | EventMessage<string, unknown>
  | Message<'ping'>
