/** Runs in the browser: what the test calls there. */
import { createElement, StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { SynclineProvider, usePresence, useRoom, useSaved, useStatus } from '../../client/react/index.ts'
import { connect, type RoomState } from '../../client/sdk/index.ts'

const Shown = ({ name }: { readonly name: string }) => {
  const room = useRoom(name)
  const { saved } = useSaved(room)
  return createElement('p', null, `${useStatus(room)} ${saved} ${usePresence(room).length}`)
}

const open = (url: string, token: string, name: string) => {
  const client = connect({
    url,
    token: () => (navigator.onLine ? token : Promise.reject(new Error('no network'))),
    user: { id: 'ada', name: 'Ada' },
  })
  const room = client.room(name)
  return {
    client,
    whenLoaded: () => room.whenLoaded(),
    whenSaved: () => room.whenSaved(),
    state: (): RoomState => room.getState(),
    read: () => room.doc.getText('content').toString(),
    write: (text: string) => room.doc.getText('content').insert(0, text),
    erase: (length: number) => room.doc.getText('content').delete(0, length),
    show: () => {
      const shown = createElement(SynclineProvider, { client }, createElement(Shown, { name }))
      createRoot(document.body).render(createElement(StrictMode, null, shown))
    },
  }
}

declare global {
  interface Window {
    open_: typeof open
    here: ReturnType<typeof open>
  }
}

window.open_ = open
