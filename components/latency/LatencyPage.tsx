'use client'
import { PageMain } from '../shell/PageMain.tsx'
import { Panel } from '../ui/Panel.tsx'

export function LatencyPage() {
  return (
    <PageMain title="Latency">
      <Panel title="Latency" state="empty" message="How long a report takes, stage by stage." />
    </PageMain>
  )
}
