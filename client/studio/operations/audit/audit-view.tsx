import './audit.css'
import { Button, EmptyState, Group, Modal, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconListSearch, IconUser } from '@tabler/icons-react'
import { useCallback, useEffect, useState } from 'react'
import type { TokenSource } from '../../api.ts'
import { exactly } from '../../times.ts'
import { ask } from '../api.ts'
import { ForAdministrators } from '../for-administrators.tsx'
import { ListState, SectionPage } from '../section-page.tsx'
import { useChosen } from '../use-choice.ts'
import { type ReadPage, usePages } from '../use-pages.ts'
import type { Act } from './act.ts'
import { ActList } from './act-list.tsx'
import { ACT_CHOICES, actWords } from './audit-words.ts'

const TYPING_MS = 250
const LOOK_MS = 10_000
const keyOf = ({ id }: Act): number => id

/** What administrators did, newest first. */
export function AuditView({ token }: { readonly token: TokenSource }) {
  const [act, setAct] = useChosen('act')
  const [actor, setActor] = useChosen('person')
  const [typed, setTyped] = useState(actor)
  const [settled] = useDebouncedValue(typed.trim(), TYPING_MS)
  useEffect(() => setActor(settled), [settled, setActor])
  const [open, setOpen] = useState<Act>()
  const read = useCallback<ReadPage<Act>>(
    async (before, signal) => {
      const query = { act, actor, before, limit: '100' }
      const page = await ask<{ acts: readonly Act[]; next: number | null }>(token, '/audit', query, signal)
      return { items: page.acts, next: page.next === null ? undefined : String(page.next) }
    },
    [token, act, actor],
  )
  const { items, error, loadMore, reload } = usePages(read, keyOf, LOOK_MS)
  const filtered = act !== '' || actor !== ''
  const showAll = () => {
    setTyped('')
    setAct('')
  }
  if (error?.code === 'forbidden') return <ForAdministrators />
  return (
    <SectionPage title="Audit log" says="What administrators did: who, what and when.">
      <Group gap="sm">
        <NativeSelect
          aria-label="Act"
          className="audit-act"
          value={act}
          onChange={(event) => setAct(event.currentTarget.value)}
          data={[{ value: '', label: 'Every act' }, ...ACT_CHOICES]}
        />
        <TextInput
          type="search"
          aria-label="Person"
          placeholder="A person’s id"
          className="audit-person"
          leftSection={<IconUser size={18} aria-hidden="true" />}
          value={typed}
          maxLength={128}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
      </Group>
      <ListState
        items={items}
        error={error}
        retry={reload}
        safe="What was done is written down all the same."
        loading="Loading the audit log"
        empty={
          <EmptyState
            py={48}
            icon={<IconListSearch />}
            {...(filtered
              ? { title: 'No act is like this', description: 'The filter hides all that there are.' }
              : {
                  title: 'Nobody has done anything yet',
                  description: 'Here stands whoever deletes a room, takes access away, or changes a webhook.',
                })}
          >
            {filtered ? (
              <EmptyState.Actions>
                <Button variant="default" onClick={showAll}>
                  Show all
                </Button>
              </EmptyState.Actions>
            ) : null}
          </EmptyState>
        }
      >
        <ActList acts={items ?? []} loadMore={loadMore} onOpen={setOpen} />
      </ListState>
      <Modal opened={open !== undefined} onClose={() => setOpen(undefined)} title="An act">
        {open === undefined ? null : (
          <Stack gap="sm">
            <Text>
              <b>{open.name ?? open.actor}</b> {actWords(open)}.
            </Text>
            <Text c="dimmed" size="sm">
              {exactly(open.at)}, number {open.id}, <code>{open.act}</code> by <code>{open.actor}</code>
            </Text>
            <pre className="audit-details">
              {JSON.stringify({ subject: open.subject, ...open.details }, null, 2)}
            </pre>
          </Stack>
        )}
      </Modal>
    </SectionPage>
  )
}
