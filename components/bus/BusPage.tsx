'use client'
import { PageMain } from '../shell/PageMain.tsx'
import { Panel } from '../ui/Panel.tsx'

export function BusPage() {
  return (
    <PageMain title="Bus">
      <Panel title="Bus" state="empty" message="Streams, lag, gaps and refusals." />
    </PageMain>
  )
}
