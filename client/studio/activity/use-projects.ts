import { useCallback, useEffect, useState } from 'react'
import { RequestError, type TokenSource } from '../api.ts'
import { getRoomsOf } from '../builds/api.ts'

interface Project {
  readonly id: string
  readonly title: string | null
}

export interface Projects {
  /** Last changed first; undefined until they were read. */
  readonly list: readonly Project[] | undefined
  readonly error: RequestError | undefined
  readonly reload: () => void
}

const PROJECT = 'project'

/** The projects that one may see: fifty at most. */
export function useProjects(token: TokenSource): Projects {
  const [list, setList] = useState<readonly Project[]>()
  const [error, setError] = useState<RequestError>()
  const [asked, setAsked] = useState(0)
  const reload = useCallback(() => setAsked((count) => count + 1), [])
  // biome-ignore lint/correctness/useExhaustiveDependencies: to be asked again is to be asked
  useEffect(() => {
    const controller = new AbortController()
    getRoomsOf(token, PROJECT, undefined, controller.signal).then(
      ({ rooms }) => {
        setList(rooms.map(({ name, title }) => ({ id: name.slice(PROJECT.length + 1), title })))
        setError(undefined)
      },
      (cause: unknown) => {
        if (controller.signal.aborted) return
        setError(
          cause instanceof RequestError
            ? cause
            : new RequestError('internal', 'The server’s answer cannot be read', { cause }),
        )
      },
    )
    return () => controller.abort()
  }, [token, asked])
  return { list, error, reload }
}
