import { Checkbox, Stack, TagsInput, TextInput } from '@mantine/core'
import { useState } from 'react'
import { ActForm, type ActFormProps, Dialog } from '../../shell/act-dialog.tsx'
import { OCCASIONS, type WebhookFields } from './webhook.ts'

interface WebhookDialogProps {
  readonly opened: boolean
  /** What it is now; left out where it is a new one. */
  readonly before?: WebhookFields | undefined
  readonly onSave: (fields: WebhookFields) => Promise<void>
  /** Called where it failed, and may have been saved all the same: reads again what is shown. */
  readonly onUnsure: () => void
  readonly onClose: () => void
}

const NEW: WebhookFields = { url: '', description: '', events: ['document.changed'], rooms: [] }
const EVENTS = ['event:*', 'event:chat.*', 'event:build.*', 'event:deployment.*', 'event:project.*']

/** Where a webhook goes, and what it tells of. */
export const WebhookDialog = ({ opened, before, onSave, onUnsure, onClose }: WebhookDialogProps) => (
  <Dialog
    opened={opened}
    title={before === undefined ? 'New webhook' : 'Change this webhook'}
    onUnsure={onUnsure}
    onClose={onClose}
  >
    {(asked) => <WebhookForm asked={asked} before={before} onSave={onSave} />}
  </Dialog>
)

type WebhookFormProps = Pick<WebhookDialogProps, 'before' | 'onSave'> & Pick<ActFormProps, 'asked'>

function WebhookForm({ asked, before, onSave }: WebhookFormProps) {
  const [fields, setFields] = useState(before ?? NEW)
  const change = (part: Partial<WebhookFields>) => setFields((now) => ({ ...now, ...part }))
  const occasions = fields.events.filter((event) => Object.hasOwn(OCCASIONS, event))
  const events = fields.events.filter((event) => !Object.hasOwn(OCCASIONS, event))
  return (
    <ActForm
      asked={asked}
      button={before === undefined ? 'Create' : 'Save'}
      disabled={fields.events.length === 0}
      onAct={() => onSave(fields)}
    >
      <TextInput
        label="Address"
        description="https, and not in a private network unless the server’s settings allow it"
        placeholder="https://example.org/syncline"
        inputMode="url"
        autoComplete="off"
        required
        data-autofocus
        maxLength={2_000}
        value={fields.url}
        onChange={(event) => change({ url: event.currentTarget.value })}
      />
      <TextInput
        label="What it is for"
        maxLength={500}
        value={fields.description}
        onChange={(event) => change({ description: event.currentTarget.value })}
      />
      <Checkbox.Group
        label="It is told when"
        value={occasions}
        onChange={(chosen) => change({ events: [...chosen, ...events] })}
      >
        <Stack gap={10} mt={8}>
          {Object.entries(OCCASIONS).map(([value, label]) => (
            <Checkbox key={value} value={value} label={label} />
          ))}
        </Stack>
      </Checkbox.Group>
      <TagsInput
        label="Events"
        description="Such as event:chat.message, event:chat.* or event:*; Enter adds one"
        data={EVENTS}
        value={events}
        onChange={(chosen) => change({ events: [...occasions, ...chosen] })}
      />
      <TagsInput
        label="Rooms"
        description="Such as doc:readme or doc:*; all of them where nothing stands here"
        value={[...fields.rooms]}
        onChange={(rooms) => change({ rooms })}
      />
    </ActForm>
  )
}
