import { useCallback } from 'react'
import { navigate, useSearch } from '../router.ts'

/** One thing that is chosen on a page, as its address says it, and how to choose another. */
export function useChosen(key: string): readonly [string, (value: string) => void] {
  const search = useSearch()
  const choose = useCallback(
    (value: string) => {
      const query = new URLSearchParams(location.search)
      if (value === '') query.delete(key)
      else query.set(key, value)
      const said = query.toString()
      navigate(location.pathname + (said === '' ? '' : `?${said}`), { replace: true })
    },
    [key],
  )
  return [new URLSearchParams(search).get(key) ?? '', choose]
}
