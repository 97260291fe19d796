import { notifications } from '@mantine/notifications'
import { useCallback, useEffect, useMemo, useState } from 'react'
import type { EditorComments } from '../../editors/comments.ts'
import { useThreads } from '../../react/index.ts'
import type { Anchor, Room, Threads, ThreadsView } from '../../sdk/index.ts'
import { draftAt, keepDraft, usePlaces } from '../drafts.ts'
import { commentIn, navigate, useSearch } from '../router.ts'

/** A thread that is about to be begun. */
interface Begun {
  /** Undefined: about the whole document. */
  readonly anchor: Anchor | undefined
  /** Where its text is, below the top of the content. */
  readonly top: number | undefined
  /** Somebody wants to write now, and did not only come by where they had begun. */
  readonly asked: boolean
}

/** What is done with a document's comments on this page. */
export interface Commenting {
  readonly view: ThreadsView
  readonly threads: Threads
  readonly editor: EditorComments | undefined
  readonly setEditor: (editor: EditorComments | undefined) => void
  readonly shown: boolean
  readonly setShown: (shown: boolean) => void
  /** The thread that is looked at. */
  readonly active: string | undefined
  /** Looks at a thread, and brings its text into view. */
  readonly goTo: (thread: string | undefined) => void
  /** Its text was clicked: it is in view. */
  readonly select: (thread: string | undefined) => void
  readonly draft: Begun | undefined
  /** Begins a thread about what is selected, or about the whole document. */
  readonly begin: () => void
  readonly endDraft: () => void
  /** The thread that the address leads to, until it is looked at. */
  readonly named: string | undefined
}

export function useCommenting(room: Room): Commenting {
  const [view, threads] = useThreads(room)
  const [editor, setEditor] = useState<EditorComments>()
  const [shown, setWhetherShown] = useState(false)
  const [active, setActive] = useState<string>()
  const place = usePlaces(room.name)('comment')
  const [draft, setDraft] = useState<Begun | undefined>(() => {
    const kept = draftAt(place)
    return kept && { anchor: kept.anchor, top: undefined, asked: false }
  })

  useEffect(() => editor?.setActive(active), [editor, active])
  // Whoever resolves it: nobody looks at a thread that is no longer there.
  const open = view.threads.find(({ id, resolved }) => id === active && resolved === undefined)?.id
  const [lastOpen, setLastOpen] = useState(open)
  if (lastOpen !== open) {
    setLastOpen(open)
    // Another one that is looked at by now may have been resolved long ago.
    if (lastOpen === active) setActive(undefined)
  }

  const setShown = useCallback(
    (wanted: boolean) => {
      setWhetherShown(wanted)
      // What was written is there when they are opened again; where nothing was, there is nothing to keep.
      if (!wanted) setDraft((begun) => begun && draftAt(place) && { ...begun, asked: false })
    },
    [place],
  )
  const show = useCallback(() => setWhetherShown(true), [])
  const named = useNamedThread(view, show)
  const select = useCallback((thread: string | undefined) => {
    setActive(thread)
    if (thread === undefined) return
    forgetNamed()
    setWhetherShown(true)
  }, [])
  const goTo = useCallback(
    (thread: string | undefined) => {
      setActive(thread)
      forgetNamed()
      if (thread !== undefined) editor?.reveal(thread)
    },
    [editor],
  )
  const begin = useCallback(() => {
    const anchor = editor?.selected()
    const kept = draftAt(place)
    // What is written already goes on, about what is selected now if something is.
    if (kept !== undefined && anchor !== undefined) keepDraft(place, { ...kept, anchor })
    setDraft((begun) =>
      begun !== undefined && kept !== undefined && anchor === undefined
        ? { ...begun, asked: true }
        : { anchor, top: editor?.selectedTop(), asked: true },
    )
    setActive(undefined)
    setWhetherShown(true)
  }, [editor, place])
  const endDraft = useCallback(() => setDraft(undefined), [])
  useCommentKey(begin)

  return useMemo(
    () => ({
      view,
      threads,
      editor,
      setEditor,
      shown,
      setShown,
      active,
      goTo,
      select,
      draft,
      begin,
      endDraft,
      named,
    }),
    [view, threads, editor, shown, setShown, active, goTo, select, draft, begin, endDraft, named],
  )
}

/** The thread of the comment that the address names; the comments open for it. */
function useNamedThread({ threads, caughtUp }: ThreadsView, open: () => void): string | undefined {
  const comment = commentIn(useSearch())
  const named = threads.find(({ comments }) => comments.some(({ id }) => id === comment))?.id
  const missing = comment !== undefined && named === undefined && caughtUp
  useEffect(() => {
    if (named !== undefined || missing) open()
    if (!missing) return
    notifications.show({ message: 'This comment is not there any more' })
    forgetNamed()
  }, [named, missing, open])
  return named
}

/** Whoever comes by the same way again is led there again. */
const forgetNamed = (): void => {
  if (commentIn(location.search) !== undefined) navigate(location.pathname, { replace: true })
}

/** While one writes, too, so before the editor has the key. */
function useCommentKey(begin: () => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      // AltGr is told as Ctrl and Alt, and writes a letter.
      if (event.code !== 'KeyM' || !event.altKey || !(event.ctrlKey || event.metaKey)) return
      if (event.getModifierState('AltGraph')) return
      event.preventDefault()
      event.stopPropagation()
      begin()
    }
    window.addEventListener('keydown', press, { capture: true })
    return () => window.removeEventListener('keydown', press, { capture: true })
  }, [begin])
}
