import './operations.css'
import { type RefObject, useEffect } from 'react'
import { RoomsView } from '../rooms/rooms-view.tsx'
import { linkTo, operationsPath, SECTIONS, type Section } from '../router.ts'
import type { Session } from '../session.ts'
import { SECTION_NAMES } from '../shell/places.tsx'
import { AlertsView } from './alerts/alerts-view.tsx'
import { AuditView } from './audit/audit-view.tsx'
import { ForAdministrators } from './for-administrators.tsx'
import { OverviewView } from './overview/overview-view.tsx'
import { PeopleView } from './people/people-view.tsx'
import { QuarantineView } from './quarantine/quarantine-view.tsx'
import { WebhooksView } from './webhooks/webhooks-view.tsx'

interface OperationsViewProps {
  readonly session: Session
  readonly section: Section
  readonly searchRef: RefObject<HTMLInputElement | null>
}

/** What those look at who run the server. The list of rooms is also for who administers some of them. */
export function OperationsView({ session, section, searchRef }: OperationsViewProps) {
  useEffect(() => {
    document.title = `${section === 'overview' ? 'Operations' : SECTION_NAMES[section]} · Syncline`
  }, [section])
  if (section === 'rooms' && !session.operates)
    return <RoomsView token={session.token} searchRef={searchRef} />
  if (!session.operates) return <ForAdministrators />
  return (
    <>
      <nav className="sections" aria-label="Operations">
        {SECTIONS.map((one) => (
          <a
            key={one}
            className="section-link"
            aria-current={one === section ? 'page' : undefined}
            ref={(link) => {
              if (one === section) link?.scrollIntoView({ block: 'nearest', inline: 'center' })
            }}
            {...linkTo(operationsPath(one))}
          >
            {SECTION_NAMES[one]}
          </a>
        ))}
      </nav>
      <SectionView session={session} section={section} searchRef={searchRef} />
    </>
  )
}

function SectionView({ session: { token }, section, searchRef }: OperationsViewProps) {
  switch (section) {
    case 'overview':
      return <OverviewView token={token} />
    case 'alerts':
      return <AlertsView token={token} />
    case 'people':
      return <PeopleView token={token} searchRef={searchRef} />
    case 'rooms':
      return <RoomsView token={token} searchRef={searchRef} />
    case 'quarantine':
      return <QuarantineView token={token} />
    case 'webhooks':
      return <WebhooksView token={token} />
    case 'audit':
      return <AuditView token={token} />
  }
}
