import { useCallback, useMemo } from 'react'
import { historyPath, navigate, useSearch } from '../router.ts'

/**
 * What of a room's past is looked at. A place is what the server takes for one: a seq, an ISO time or the id of a
 * version.
 */
type Position =
  | { readonly kind: 'newest' }
  | { readonly kind: 'at'; readonly at: string }
  | { readonly kind: 'compare'; readonly from: string; readonly to: string }

/** What stands beside the content. */
const PANELS = ['comments', 'blame', 'deleted', 'restore'] as const
export type PanelName = (typeof PANELS)[number]

export interface Place {
  readonly position: Position
  readonly panel: PanelName | undefined
}

function parsePlace(search: string): Place {
  const query = new URLSearchParams(search)
  const [at, from, to] = [query.get('at'), query.get('from'), query.get('to')]
  const panel = PANELS.find((name) => name === query.get('panel'))
  if (from !== null && to !== null) return { position: { kind: 'compare', from, to }, panel }
  return { position: at === null ? { kind: 'newest' } : { kind: 'at', at }, panel }
}

export function placePath(room: string, { position, panel }: Place): string {
  const query = new URLSearchParams(panel === undefined ? {} : { panel })
  if (position.kind === 'at') query.set('at', position.at)
  if (position.kind === 'compare') {
    query.set('from', position.from)
    query.set('to', position.to)
  }
  const search = query.toString().replaceAll('%3A', ':')
  return historyPath(room) + (search === '' ? '' : `?${search}`)
}

export interface PlaceControl extends Place {
  /** `replace`: one step of many, such as those of a playback, which “back” is not to walk through. */
  readonly show: (position: Position, options?: { readonly replace?: boolean }) => void
  readonly openPanel: (panel: PanelName | undefined) => void
}

/** The place that the address says, and how to go to another. */
export function usePlace(room: string): PlaceControl {
  const search = useSearch()
  const place = useMemo(() => parsePlace(search), [search])
  const show = useCallback<PlaceControl['show']>(
    (position, options) => {
      const { panel } = parsePlace(location.search)
      navigate(placePath(room, { position, panel }), options)
    },
    [room],
  )
  const openPanel = useCallback<PlaceControl['openPanel']>(
    (panel) => {
      const { position } = parsePlace(location.search)
      navigate(placePath(room, { position, panel }), { replace: true })
    },
    [room],
  )
  return { ...place, show, openPanel }
}
