/** An address that is told of what happens here. */
export interface Webhook {
  readonly id: string
  readonly url: string
  readonly description: string
  readonly events: readonly string[]
  /** Of which rooms; of all where it is empty. */
  readonly rooms: readonly string[]
  readonly active: boolean
  /** Why the server has switched it off by itself. */
  readonly switchedOff: 'gone' | 'failing' | null
  /** Nothing has been taken since then. */
  readonly failingSince: string | null
  readonly waiting: number
  readonly previousSecretUntil: string | null
  readonly createdAt: string
  readonly createdBy: string
}

export type WebhookFields = Pick<Webhook, 'url' | 'description' | 'events' | 'rooms'>

export const STATUSES = ['waiting', 'delivered', 'failed'] as const

export interface Delivery {
  readonly id: string
  readonly type: string
  readonly room: string | null
  readonly seq: number | null
  readonly at: string
  readonly status: (typeof STATUSES)[number]
  readonly attempts: number
  readonly replays: number
  readonly createdAt: string
  readonly lastAttemptAt: string | null
  readonly nextAttemptAt: string | null
  readonly deliveredAt: string | null
  /** What the receiver last answered. */
  readonly statusCode: number | null
  /** Of the last try, in ms. */
  readonly duration: number | null
  readonly error: string | null
}

export const WEBHOOKS = '/webhooks'
export const webhookRoute = (id: string): string => `${WEBHOOKS}/${encodeURIComponent(id)}`
export const deliveryRoute = (webhook: string, id: string): string =>
  `${webhookRoute(webhook)}/deliveries/${encodeURIComponent(id)}`

/** What it can be told of beside events, in words. */
export const OCCASIONS: Readonly<Record<string, string>> = {
  'document.changed': 'A document has changed, once its people pause',
  'version.created': 'A version was made',
  'room.created': 'A room was made',
  'room.erased': 'A room was deleted',
}

export const STATUS_WORDS: Readonly<Record<Delivery['status'], string>> = {
  waiting: 'Waiting',
  delivered: 'Delivered',
  failed: 'Given up',
}
