import { IconLock } from '@tabler/icons-react'
import { EmptyPage } from '../shell/empty-page.tsx'

export const ForAdministrators = () => (
  <EmptyPage
    icon={<IconLock />}
    title="Operations are for administrators"
    description="Your token is not that of an administrator of this server. Documents are where you left them."
  />
)
