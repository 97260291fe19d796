import './alerts.css'
import { ActionIcon, Button, EmptyState, Group, Menu, NativeSelect, Text } from '@mantine/core'
import { IconBellRinging, IconDots, IconPencil, IconPlus, IconTrash } from '@tabler/icons-react'
import { useCallback, useState } from 'react'
import type { Alert, AlertRule } from '../../../sdk/index.ts'
import type { TokenSource } from '../../api.ts'
import { ActDialog } from '../../shell/act-dialog.tsx'
import { act, ask } from '../api.ts'
import { ForAdministrators } from '../for-administrators.tsx'
import { ListState, SectionPage } from '../section-page.tsx'
import { useChosen } from '../use-choice.ts'
import { type ReadPage, usePages } from '../use-pages.ts'
import { alertRoute, alertsRoute, ruleWords, valueWords } from './alert.ts'
import { AlertDialog } from './alert-dialog.tsx'
import { AlertState } from './alert-state.tsx'
import { useOrgs } from './use-orgs.ts'

/** As often as the server looks at them. */
const LOOK_MS = 5_000
const SYSTEM = 'system'
const keyOf = ({ name }: Alert): string => name

interface Asked {
  readonly what: 'save' | 'delete'
  /** Undefined for a new one. */
  readonly alert: Alert | undefined
}
const NEW: Asked = { what: 'save', alert: undefined }

/** The rules that raise alerts, of the server itself or of an organisation, and how each stands. */
export function AlertsView({ token }: { readonly token: TokenSource }) {
  const [chosen, choose] = useChosen('of')
  const org = chosen === '' ? SYSTEM : chosen
  const orgs = useOrgs(token)
  const read = useCallback<ReadPage<Alert>>(
    async (_, signal) => {
      const { alerts } = await ask<{ alerts: readonly Alert[] }>(token, alertsRoute(org), {}, signal)
      return { items: alerts, next: undefined }
    },
    [token, org],
  )
  const { items, error, reload } = usePages(read, keyOf, LOOK_MS)
  const [asked, setAsked] = useState<Asked>(NEW)
  const [opened, setOpened] = useState(false)
  const open = (next: Asked) => {
    setAsked(next)
    setOpened(true)
  }
  // What was asked stays: it is in sight until the dialog is gone.
  const close = () => setOpened(false)
  if (error?.code === 'forbidden') return <ForAdministrators />
  const save = async (name: string, rule: AlertRule) => {
    await act(token, 'PUT', alertRoute(org, name), rule)
    reload()
  }
  const add = (
    <Button leftSection={<IconPlus size={18} />} onClick={() => open(NEW)}>
      New alert
    </Button>
  )
  const choices = [...new Set([SYSTEM, org, ...orgs])]
  return (
    <SectionPage
      title="Alerts"
      says="Rules that are looked at every five seconds, and tell people when what is measured is not as it should be."
      action={
        <Group gap="sm">
          {choices.length === 1 ? null : (
            <NativeSelect
              aria-label="Whose measures"
              value={org}
              onChange={(event) =>
                choose(event.currentTarget.value === SYSTEM ? '' : event.currentTarget.value)
              }
              data={choices.map((value) => ({ value, label: value === SYSTEM ? 'This server' : value }))}
            />
          )}
          {items === undefined || items.length === 0 ? null : add}
        </Group>
      }
    >
      <ListState
        items={items}
        error={error}
        retry={reload}
        safe="The server looks at the rules all the same."
        loading="Loading the alerts"
        empty={
          <EmptyState
            py={48}
            icon={<IconBellRinging />}
            title="No alerts yet"
            description="An alert watches what is measured: builds that get slow, errors, a queue that grows. Whom it names is notified when it is raised, and when that is over."
          >
            <EmptyState.Actions>{add}</EmptyState.Actions>
          </EmptyState>
        }
      >
        <ul className="rows" aria-label="Alerts">
          {items?.map((alert) => (
            <li key={alert.name} className="alert">
              <AlertRow
                alert={alert}
                onChange={() => open({ what: 'save', alert })}
                onDelete={() => open({ what: 'delete', alert })}
              />
            </li>
          ))}
        </ul>
      </ListState>
      <AlertDialog
        token={token}
        org={org}
        opened={opened && asked.what === 'save'}
        before={asked.alert}
        names={items?.map(keyOf) ?? []}
        onSave={save}
        onUnsure={reload}
        onClose={close}
      />
      <ActDialog
        opened={opened && asked.what === 'delete'}
        title="Delete this alert"
        button="Delete"
        dangerous
        onAct={async () => {
          await act(token, 'DELETE', alertRoute(org, asked.alert?.name ?? ''))
          reload()
        }}
        onUnsure={reload}
        onClose={close}
      >
        <Text>
          <b>{asked.alert?.name}</b> is not looked at any more. Where it is raised, it is resolved, and whom
          it names is told so. What was measured stays.
        </Text>
      </ActDialog>
    </SectionPage>
  )
}

interface AlertRowProps {
  readonly alert: Alert
  readonly onChange: () => void
  readonly onDelete: () => void
}

function AlertRow({ alert, onChange, onDelete }: AlertRowProps) {
  const { name, rule, failure } = alert
  const { tell = [] } = rule
  return (
    <>
      <div className="alert-what">
        <Text fw={600}>{name}</Text>
        <Text size="sm" c="dimmed">
          {ruleWords(rule)}
        </Text>
        <Text size="sm" c="dimmed">
          {failure === null ? valueWords(alert) : `It could not be looked at: ${failure}`}
          {tell.length === 0 ? ' · notifies nobody' : ` · notifies ${tell.join(', ')}`}
        </Text>
      </div>
      <AlertState alert={alert} />
      <Menu position="bottom-end" width={200}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size={40} aria-label={`More for “${name}”`}>
            <IconDots size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconPencil size={16} />} onClick={onChange}>
            Change…
          </Menu.Item>
          <Menu.Item leftSection={<IconTrash size={16} />} onClick={onDelete}>
            Delete…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </>
  )
}
