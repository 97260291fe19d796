import type { Awareness } from 'y-protocols/awareness'
import type { Attention } from './attention.ts'
import { colorFor, distinctColor, isColor } from './color.ts'
import { thisDevice } from './device.ts'
import { peopleIn, samePeople } from './people.ts'
import type { Person, User } from './state.ts'

/** Who typed no more for so long has stopped, in ms. */
const TYPED_FOR = 3_000

/** Who is in a room, and what this device says of who it is. */
export class Presence {
  readonly #awareness: Awareness
  readonly #attention: Attention
  readonly #changed: () => void
  readonly #stopLooking: () => void
  #people: readonly Person[] = []
  #user: User | undefined
  #where: string | undefined
  #typing: ReturnType<typeof setTimeout> | undefined

  constructor(awareness: Awareness, attention: Attention, changed: () => void) {
    this.#awareness = awareness
    this.#attention = attention
    this.#changed = changed
    awareness.on('change', this.#peopleChanged)
    this.#stopLooking = attention.subscribe(this.#look)
    this.#introduce()
    if (typeof window !== 'undefined') window.addEventListener('pageshow', this.#shownAgain)
  }

  get people(): readonly Person[] {
    return this.#people
  }

  get user(): User | undefined {
    return this.#user
  }

  setUser(user: User): void {
    this.#user = user
    this.#showAs(user, isColor(user.color) ? user.color : colorFor(user.id))
  }

  setTyping(typing: boolean): void {
    clearTimeout(this.#typing)
    const before = this.#typing !== undefined
    this.#typing = typing ? setTimeout(() => this.setTyping(false), TYPED_FOR) : undefined
    if (typing !== before) this.#awareness.setLocalStateField('typing', typing)
  }

  setWhere(where: string | undefined): void {
    if (where === this.#where) return
    this.#where = where
    this.#awareness.setLocalStateField('where', where ?? null)
  }

  end(): void {
    clearTimeout(this.#typing)
    this.#stopLooking()
    if (typeof window !== 'undefined') window.removeEventListener('pageshow', this.#shownAgain)
    this.#awareness.off('change', this.#peopleChanged)
    this.#awareness.destroy()
  }

  readonly #peopleChanged = (): void => {
    const people = peopleIn(this.#awareness)
    if (samePeople(people, this.#people)) return
    this.#people = people
    this.#changed()
    this.#keepColorsApart()
  }

  #keepColorsApart(): void {
    const shown = this.#people.find(({ self }) => self)
    if (this.#user === undefined || shown === undefined || isColor(this.#user.color)) return
    const others = this.#people.filter(({ self }) => !self)
    const color = distinctColor(shown.id, shown.color, others)
    if (color !== shown.color) this.#showAs(this.#user, color)
  }

  #showAs({ id, name }: User, color: string): void {
    this.#awareness.setLocalStateField('user', { id, name, color })
  }

  readonly #look = (): void => {
    this.#awareness.setLocalStateField('away', this.#attention.away)
  }

  #introduce(): void {
    const device = thisDevice()
    if (device !== undefined) this.#awareness.setLocalState({ away: this.#attention.away, device })
    if (this.#where !== undefined) this.#awareness.setLocalStateField('where', this.#where)
  }

  /** The provider takes a page that is hidden for good out of the room; one that comes back was not. */
  readonly #shownAgain = (): void => {
    if (this.#awareness.getLocalState() !== null) return
    this.#awareness.setLocalState({})
    this.#introduce()
    if (this.#user !== undefined) this.setUser(this.#user)
  }
}
