import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { atLeast, grantsSchema, readable, roleIn } from '../../server/access/grants.ts'
import { parseRoomName } from '../../server/access/room-name.ts'
import { ERRORS } from '../../server/errors.ts'
import { type Grants, ROLES } from '../../server/protocol.ts'

const kind = fc.constantFrom('doc', 'project', 'user')
const id = fc.constantFrom('a', 'b', 'readme', 'x:y')
const room = fc.tuple(kind, id).map(([k, i]) => `${k}:${i}`)
const role = fc.constantFrom(...ROLES)
const pattern = fc.oneof(
  room,
  kind.map((k) => `${k}:*`),
  fc.constant('*:*'),
)
const grants: fc.Arbitrary<Grants> = fc.dictionary(pattern, role, { maxKeys: 8 })

const HOSTILE = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '',
  ':',
  '*:*',
  'doc:',
  '__proto__:*',
]

describe('roleIn', () => {
  it('[ACC2] lets the most specific pattern decide alone, be it the weaker one', () => {
    fc.assert(
      fc.property(grants, room, role, role, role, (others, name, exact, ofKind, ofAll) => {
        const kindPattern = `${name.split(':')[0]}:*`
        const { [name]: _exact, [kindPattern]: _kind, '*:*': _all, ...rest } = others
        expect(roleIn(rest, name)).toBeUndefined()
        expect(roleIn({ ...rest, '*:*': ofAll }, name)).toBe(ofAll)
        expect(roleIn({ ...rest, '*:*': ofAll, [kindPattern]: ofKind }, name)).toBe(ofKind)
        expect(roleIn({ ...rest, '*:*': ofAll, [kindPattern]: ofKind, [name]: exact }, name)).toBe(exact)
      }),
    )
  })

  it('[ACC2] finds no role in what every object inherits', () => {
    for (const name of HOSTILE) expect(roleIn({}, name), name).toBeUndefined()
    for (const name of HOSTILE.filter((text) => text !== '*:*')) {
      expect(roleIn({ 'doc:*': 'admin' }, name), name).toBe(name === 'doc:' ? 'admin' : undefined)
    }
    const inherited = Object.create({ 'doc:*': 'admin' }) as Grants
    expect(roleIn(inherited, 'doc:a')).toBeUndefined()
  })

  it('[ACC2] takes a grant of __proto__ for nothing, and none of it stays', () => {
    const parsed = grantsSchema.safeParse(JSON.parse('{"__proto__": {"doc:*": "admin"}, "doc:a": "read"}'))
    const role = parsed.success ? roleIn(parsed.data, 'doc:b') : undefined
    expect(role).toBeUndefined()
    expect(roleIn({}, 'doc:b')).toBeUndefined()
  })

  it('[ACC2] has a control: plain indexing would find a role that nobody granted', () => {
    const naive = (of: Grants, name: string): unknown => of[name]
    expect(naive({}, 'constructor')).toBeDefined()
    expect(roleIn({}, 'constructor')).toBeUndefined()
  })
})

describe('atLeast', () => {
  it('[ACC2] orders read < comment < write < admin, and nothing below read', () => {
    fc.assert(
      fc.property(role, role, (has, needs) => {
        expect(atLeast(has, needs)).toBe(ROLES.indexOf(has) >= ROLES.indexOf(needs))
      }),
    )
    expect(atLeast(undefined, 'read')).toBe(false)
  })
})

describe('readable', () => {
  it('[ACC7] names exactly the rooms in which there is a role', () => {
    fc.assert(
      fc.property(grants, room, (of, name) => {
        const rooms = readable(of)
        const { kind: roomKind } = parseRoomName(name)
        const listed = rooms === 'all' || rooms.kinds.includes(roomKind) || rooms.names.includes(name)
        expect(listed).toBe(roleIn(of, name) !== undefined)
      }),
    )
  })
})

describe('[ACC8] parseRoomName', () => {
  it.each([
    ['doc:readme', 'doc', 'readme'],
    ['project:7', 'project', '7'],
    ['doc:a/b:c?d#e%20', 'doc', 'a/b:c?d#e%20'],
    ['doc:日本語', 'doc', '日本語'],
    [`doc:${'x'.repeat(196)}`, 'doc', 'x'.repeat(196)],
  ])('[ACC8] takes %s', (name, roomKind, roomId) => {
    expect(parseRoomName(name)).toEqual({ kind: roomKind, id: roomId })
  })

  it.each([
    '',
    'doc',
    'doc:',
    ':a',
    'Doc:a',
    'doc:*',
    '*:*',
    'doc:a b',
    'doc:a\u0000session',
    'doc:a\n',
    'doc:\u202ea',
    'doc:\ud800',
    '__proto__',
    'constructor',
    `doc:${'x'.repeat(197)}`,
    `doc:${'x'.repeat(100_000)}`,
  ])('[ACC8] refuses %j', (name) => {
    expect(() => parseRoomName(name)).toThrow(expect.objectContaining({ code: 'room-name-invalid' }))
    expect(ERRORS['room-name-invalid'].status).toBe(400)
  })
})
