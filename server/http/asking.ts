import { AsyncLocalStorage } from 'node:async_hooks'

/** Who asks, as far as it is known by now. */
interface Asking {
  user: string | undefined
}

const current = new AsyncLocalStorage<Asking>()

/** Answers a request, of which is then known who sent it. */
export const whileAsked = <Result>(answer: () => Result): Result => current.run({ user: undefined }, answer)

/** The request that is being answered is that person's. */
export function askedBy(user: string): void {
  const asking = current.getStore()
  if (asking !== undefined) asking.user = user
}

/** Whose request is being answered. */
export const whoAsks = (): string | undefined => current.getStore()?.user
