'use client'
import { PageMain } from '../shell/PageMain.tsx'
import { Panel } from '../ui/Panel.tsx'

export function LayerPage({ layerId }: { readonly layerId: string }) {
  return (
    <PageMain title={layerId}>
      <Panel title="Seeds" state="empty" message="The seeds of this layer over time." />
    </PageMain>
  )
}
