/** A thread that fails before it is asked anything. */
throw new Error('a failure that nobody waits for')
