'use client'
import { PageMain } from '../shell/PageMain.tsx'
import { Panel } from '../ui/Panel.tsx'

export function LayersPage() {
  return (
    <PageMain title="Layers">
      <Panel title="Layers" state="empty" message="Every layer of the run stands here." />
    </PageMain>
  )
}
