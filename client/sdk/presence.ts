import type { Awareness } from 'y-protocols/awareness'
import { colorFor, distinctColor, isColor } from './color.ts'
import { peopleIn, samePeople } from './people.ts'
import type { Person, User } from './state.ts'

/** Who is in a room, and what this device says of who it is. */
export class Presence {
  readonly #awareness: Awareness
  readonly #changed: () => void
  #people: readonly Person[] = []
  #user: User | undefined

  constructor(awareness: Awareness, changed: () => void) {
    this.#awareness = awareness
    this.#changed = changed
    awareness.on('change', this.#peopleChanged)
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

  end(): void {
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

  /** The provider takes a page that is hidden for good out of the room; one that comes back was not. */
  readonly #shownAgain = (): void => {
    if (this.#awareness.getLocalState() !== null) return
    this.#awareness.setLocalState({})
    if (this.#user !== undefined) this.setUser(this.#user)
  }
}
