import { expect, it } from 'vitest'
import { Authorizer } from '../../server/access/authorizer.ts'
import type { Identity } from '../../server/access/identity.ts'
import { INBOX_KIND, inboxRule } from '../../server/access/inbox-rule.ts'
import type { Grants, Role } from '../../server/protocol.ts'

const authorizer = new Authorizer({ rules: { [INBOX_KIND]: inboxRule } })

const ada = (grants: Grants, defers = false): Identity => ({
  user: 'ada',
  name: 'Ada',
  grants,
  defers,
  issuedAt: 0,
  expiresAt: Number.POSITIVE_INFINITY,
})

it.each<[string, Identity, string, Role | undefined]>([
  ['one’s own, whatever is granted', ada({}), 'user:ada', 'write'],
  ['one’s own, though a grant says less', ada({ 'user:*': 'read' }), 'user:ada', 'write'],
  ['one’s own, where an application decides', ada({}, true), 'user:ada', 'write'],
  ['somebody else’s, with grants for all rooms', ada({ '*:*': 'write' }), 'user:bob', undefined],
  ['somebody else’s, with a grant that names it', ada({ 'user:bob': 'write' }), 'user:bob', 'write'],
  ['somebody else’s, with a grant that names inboxes', ada({ 'user:*': 'write' }), 'user:bob', 'write'],
  ['somebody else’s, as an administrator', ada({ '*:*': 'admin' }), 'user:bob', 'admin'],
  ['somebody else’s, where an application decides', ada({ '*:*': 'admin' }, true), 'user:bob', undefined],
  ['one whose name begins like one’s own', ada({}), 'user:ada2', undefined],
])('[ACC40] says who may do what in an inbox: %s', async (_name, identity, room, role) => {
  expect((await authorizer.decide(identity, room)).role).toBe(role)
  expect(authorizer.most(identity, room)).toBe(role)
})
