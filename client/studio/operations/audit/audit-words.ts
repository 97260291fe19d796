import type { Act } from './act.ts'

type Sentence = (act: Act) => string

const text = (value: unknown, otherwise: string): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : otherwise

const webhook = ({ subject, details }: Act): string =>
  typeof details.url === 'string'
    ? `the webhook to ${details.url}`
    : subject.replace(/^webhook:/, 'the webhook ')

/** What each act is called in a choice, and how it is said. */
const ACTS: Readonly<Record<string, { readonly label: string; readonly says: Sentence }>> = {
  'access.revoke': { label: 'Took access away', says: ({ details }) => revoked(details) },
  'room.erase': { label: 'Deleted a room', says: ({ subject }) => `deleted ${subject} with all of its past` },
  'room.purge': { label: 'Freed a name', says: ({ subject }) => `let the name ${subject} be used again` },
  'room.retain': { label: 'Thinned a past', says: ({ subject }) => `thinned the past of ${subject}` },
  'room.copy': {
    label: 'Copied a room',
    says: ({ subject, details }) =>
      `copied ${subject} up to entry ${text(details.until, '?')}, as ${text(details.copy, 'another room')}`,
  },
  'room.release': {
    label: 'Ended a quarantine',
    says: ({ subject }) => `let people into ${subject} again`,
  },
  'webhook.create': { label: 'Made a webhook', says: (act) => `made ${webhook(act)}` },
  'webhook.change': { label: 'Changed a webhook', says: (act) => `changed ${webhook(act)}` },
  'webhook.rotate': {
    label: 'Renewed a secret',
    says: (act) => `renewed the secret of ${webhook(act)}`,
  },
  'webhook.delete': { label: 'Deleted a webhook', says: (act) => `deleted ${webhook(act)}` },
  'webhook.test': { label: 'Tried a webhook', says: (act) => `tried ${webhook(act)}` },
  'webhook.replay': {
    label: 'Sent a delivery again',
    says: (act) => `sent a delivery of ${webhook(act)} again`,
  },
  'person.erase': {
    label: 'Erased a person',
    says: ({ subject }) => `erased the person of ${subject}, whose past is a deleted person’s`,
  },
  'webhook.switch-off': {
    label: 'Switched a webhook off',
    says: (act) =>
      `switched ${webhook(act)} off: ${act.details.why === 'gone' ? 'its receiver said it is gone' : 'it had failed for days'}`,
  },
  'alert.set': {
    label: 'Set an alert',
    says: ({ subject, details }) => `set the alert ${text(details.alert, '')} in ${subject}`,
  },
  'alert.delete': {
    label: 'Deleted an alert',
    says: ({ subject, details }) => `deleted the alert ${text(details.alert, '')} in ${subject}`,
  },
}

export const ACT_CHOICES = Object.entries(ACTS).map(([value, { label }]) => ({ value, label }))

/** The act without who did it: “deleted doc:readme with all of its past”. */
export const actWords = (act: Act): string => ACTS[act.act]?.says(act) ?? `${act.act}: ${act.subject}`

function revoked({ user, room }: Act['details']): string {
  if (typeof user !== 'string') return `took away what ${text(room, 'a room')} had given to anybody`
  return typeof room === 'string'
    ? `took away what ${user} had in ${room}`
    : `took away what ${user} had everywhere`
}
