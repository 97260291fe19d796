import { useCallback } from 'react'
import { navigate, useSearch } from '../router.ts'

const valueIn = (search: string, key: string): string => new URLSearchParams(search).get(key) ?? ''

/** The address of this page with another value, and without what was said of the one before. */
function pathWith(key: string, value: string, without: readonly string[]): string {
  const query = new URLSearchParams(location.search)
  for (const other of without) query.delete(other)
  if (value === '') query.delete(key)
  else query.set(key, value)
  const said = query.toString()
  return location.pathname + (said === '' ? '' : `?${said}`)
}

/** How a list is filtered, as the page's address says it, and how to filter it otherwise: no place to come back to. */
export function useChosen(key: string): readonly [string, (value: string) => void] {
  const choose = useCallback((value: string) => navigate(pathWith(key, value, []), { replace: true }), [key])
  return [valueIn(useSearch(), key), choose]
}

/**
 * What is open on a page, as its address says it, and how to open another: the browser's Back closes it.
 * @param own what the address says of the open one alone; the same array each time
 */
export function useOpened(
  key: string,
  own: readonly string[],
): readonly [string, (value: string, options?: { readonly replace?: boolean }) => void] {
  const open = useCallback(
    (value: string, options: { readonly replace?: boolean } = {}) =>
      navigate(pathWith(key, value, own), options),
    [key, own],
  )
  return [valueIn(useSearch(), key), open]
}
