/** What a listener throws is its own: the others are told all the same, and it is reported as uncaught. */
export function guarded(call: () => void): void {
  try {
    call()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
