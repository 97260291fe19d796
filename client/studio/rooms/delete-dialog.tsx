import { Code, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { TokenSource } from '../api.ts'
import { act, roomRoute } from '../operations/api.ts'
import { ActForm, type ActFormProps, Dialog } from '../shell/act-dialog.tsx'
import type { RoomSummary } from './api.ts'

interface DeleteDialogProps {
  readonly token: TokenSource
  readonly room: RoomSummary | undefined
  readonly onClose: () => void
  /** Called where it was deleted, or may have been: reads again what is shown. */
  readonly onChanged: () => void
}

/** A room is deleted by whoever types its name, and is gone for good. */
export const DeleteDialog = ({ token, room, onClose, onChanged }: DeleteDialogProps) => (
  <Dialog opened={room !== undefined} title="Delete this room" onUnsure={onChanged} onClose={onClose}>
    {(asked) => <DeleteForm asked={asked} token={token} of={room?.name ?? ''} onChanged={onChanged} />}
  </Dialog>
)

type DeleteFormProps = Pick<DeleteDialogProps, 'token' | 'onChanged'> &
  Pick<ActFormProps, 'asked'> & { readonly of: string }

function DeleteForm({ asked, token, of, onChanged }: DeleteFormProps) {
  // It is in sight until the dialog is gone.
  const [name] = useState(of)
  const [typed, setTyped] = useState('')
  return (
    <ActForm
      asked={asked}
      button="Delete for good"
      dangerous
      disabled={typed !== name}
      onAct={async () => {
        await act(token, 'DELETE', roomRoute(name))
        onChanged()
      }}
    >
      <Text>
        Its text and its whole past go, for everybody and for good. Who has it open is told so. Export it
        first if it may be needed again.
      </Text>
      <TextInput
        label={
          <>
            Type <Code>{name}</Code> to confirm
          </>
        }
        value={typed}
        autoComplete="off"
        data-autofocus
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
    </ActForm>
  )
}
