'use client'
import { PageMain } from '../shell/PageMain.tsx'
import { Panel } from '../ui/Panel.tsx'

export function RunPage() {
  return (
    <PageMain title="Run">
      <Panel title="Run" state="empty" message="What growing did to the host." />
    </PageMain>
  )
}
