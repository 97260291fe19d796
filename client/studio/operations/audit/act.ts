/** What an administrator did. */
export interface Act {
  readonly id: number
  readonly at: string
  readonly actor: string
  /** What the actor was last called. */
  readonly name: string | null
  readonly act: string
  readonly subject: string
  readonly details: Readonly<Record<string, unknown>>
}
