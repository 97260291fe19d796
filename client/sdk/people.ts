import { type Awareness, removeAwarenessStates } from 'y-protocols/awareness'
import type { Device } from '../../server/protocol.ts'
import { colorFor, isColor } from './color.ts'
import { isDevice } from './device.ts'
import type { Person, User } from './state.ts'

const LONGEST_NAME = 80
const LONGEST_ID = 200
const LONGEST_PLACE = 200

/** Who an awareness state says it is. Another client wrote it, so nothing in it is taken on trust. */
export const userIn = (state: unknown): Required<User> | undefined => {
  if (typeof state !== 'object' || state === null || !('user' in state)) return undefined
  const user: unknown = state.user
  if (typeof user !== 'object' || user === null) return undefined
  const { id, name, color } = user as Record<string, unknown>
  const known = typeof id === 'string' && id !== '' ? id : name
  if (typeof known !== 'string' || known === '' || known.length > LONGEST_ID) return undefined
  const shown = typeof name === 'string' && name.trim() !== '' ? name : known
  return { id: known, name: shown.slice(0, LONGEST_NAME), color: isColor(color) ? color : colorFor(known) }
}

/** What one tab says of whoever sits before it. */
interface Tab {
  readonly active: boolean
  readonly device: Device | undefined
  readonly typing: boolean
  readonly where: string | undefined
}

const tabOf = (state: object): Tab => {
  const { away, device, typing, where } = state as Record<string, unknown>
  return {
    active: away !== true,
    device: isDevice(device) ? device : undefined,
    typing: typing === true,
    where: typeof where === 'string' && where !== '' ? where.slice(0, LONGEST_PLACE) : undefined,
  }
}

/** Somebody's tabs together: what is said in one that is looked at counts before the others. */
const together = (tabs: readonly Tab[]): Pick<Person, 'status' | 'device' | 'typing' | 'where'> => {
  const active = tabs.filter((tab) => tab.active)
  const counting = active.length > 0 ? active : tabs
  return {
    status: active.length > 0 ? 'online' : 'away',
    device: counting.find(({ device }) => device !== undefined)?.device,
    typing: tabs.some(({ typing }) => typing),
    where: counting.find(({ where }) => where !== undefined)?.where,
  }
}

interface Gathered extends Required<User> {
  readonly self: boolean
  readonly clients: readonly number[]
  readonly tabs: readonly Tab[]
}

/** The people of a room, the reader first, each once, in an order that does not jump. */
export const peopleIn = (awareness: Awareness): readonly Person[] => {
  const people = new Map<string, Gathered>()
  const clients = [...awareness.getStates()].sort(([a], [b]) => a - b)
  for (const [client, state] of clients) {
    const user = userIn(state)
    if (user === undefined) continue
    const before = people.get(user.id)
    people.set(user.id, {
      ...(before ?? user),
      self: client === awareness.clientID || before?.self === true,
      clients: [...(before?.clients ?? []), client],
      tabs: [...(before?.tabs ?? []), tabOf(state)],
    })
  }
  return [...people.values()]
    .sort((a, b) => Number(b.self) - Number(a.self) || a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1))
    .map(({ tabs, ...person }) => ({ ...person, ...together(tabs) }))
}

export const samePeople = (a: readonly Person[], b: readonly Person[]): boolean =>
  a.length === b.length && JSON.stringify(a) === JSON.stringify(b)

/**
 * Says of itself once more what it says, at a later clock: what was told of it by the connection that has ended, on another node maybe
 * and still on its way, is earlier than what the next one tells.
 */
export const countOn = (awareness: Awareness): void => {
  const state = awareness.getLocalState()
  if (state !== null) awareness.setLocalState(state)
}

/** A clock that is earlier than all that anybody is told of under: what is said next of whoever has it counts. */
const DOUBTED = 0

/**
 * Forgets how often the others had changed when they were last heard of, and leaves them as they were. They have
 * changed no more when this client is back in the room, and would otherwise not be seen until they do.
 */
export const doubtOthers = ({ clientID, states, meta }: Awareness): void => {
  for (const [client, known] of [...meta]) {
    if (client === clientID) continue
    if (states.has(client)) meta.set(client, { ...known, clock: DOUBTED })
    else meta.delete(client)
  }
}

/** Takes those for gone of whom nothing was said since they were doubted. */
export const loseDoubted = (awareness: Awareness, origin: unknown): void => {
  const doubted = [...awareness.meta].flatMap(([client, { clock }]) =>
    client !== awareness.clientID && clock === DOUBTED ? [client] : [],
  )
  removeAwarenessStates(awareness, doubted, origin)
  for (const client of doubted) awareness.meta.delete(client)
}
