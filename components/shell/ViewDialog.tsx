/*
 * View dialog: the link of exactly this view, to copy or to keep under a name; the kept ones, to open or delete.
 * In: the address of the page, what this browser keeps. Out: a native dialog.
 * Invariant: the shown link is the one that is copied and kept; an old name is replaced only after saying so.
 * Source: docs/ux.md "saved views"; features H7, H15.
 */
'use client'
import { useRouter } from 'next/navigation'
import { useState, type SyntheticEvent } from 'react'
import { useLive } from '../live/LiveProvider.tsx'
import { Icon } from '../ui/Icon.tsx'
import { Dialog } from './Dialog.tsx'
import { deleteView, readViews, saveView } from './savedViews.ts'
import { useShell } from './ShellContext.tsx'

export function ViewDialog({ onClose }: { readonly onClose: () => void }) {
  const { session, page } = useLive()
  const { act } = useShell()
  const router = useRouter()
  const [views, setViews] = useState(() => readViews(localStorage))
  const [name, setName] = useState('')
  const [said, setSaid] = useState('')
  const replaces = views.some((view) => view.name === name.trim())
  // What is shown by default is named in the link too, so that it means the same tomorrow.
  const [href] = useState(() => {
    const shown = session.store.view
    if (shown) page.set({ runId: shown.runId, metric: shown.metric.name })
    return `${location.pathname}${location.search}${location.hash}`
  })

  const save = (event: SyntheticEvent): void => {
    event.preventDefault()
    const refusal = saveView(localStorage, { name, href })
    setSaid(refusal ?? `Saved as "${name.trim()}".`)
    setViews(readViews(localStorage))
    if (refusal === null) setName('')
  }
  const remove = (gone: string): void => {
    setSaid(deleteView(localStorage, gone) ?? `"${gone}" was deleted.`)
    setViews(readViews(localStorage))
  }

  return (
    <Dialog title="Share and save this view" closeLabel="Close share" className="view-dialog" onClose={onClose}>
      <div className="dialog-row">
        <input
          readOnly
          className="grow mono"
          aria-label="Link to this view"
          value={`${location.origin}${href}`}
          onFocus={(event) => event.target.select()}
        />
        <button type="button" onClick={() => act('copy-link')}>
          Copy link
        </button>
      </div>
      <form className="dialog-row" onSubmit={save}>
        <input
          className="grow"
          aria-label="Name of the view"
          placeholder="Name, to find it again in this browser"
          maxLength={60}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <button type="submit">{replaces ? 'Replace' : 'Save'}</button>
      </form>
      <output className="dialog-said">{said}</output>
      <h3 className="dialog-title">Saved views</h3>
      {views.length === 0 ? (
        <p className="dialog-note t2">None yet. They stay in this browser and are listed in the palette.</p>
      ) : (
        <ul className="saved-views">
          {views.map((view) => (
            <li key={view.name}>
              <button
                type="button"
                className="link"
                onClick={() => {
                  onClose()
                  router.push(view.href)
                }}
              >
                {view.name}
              </button>
              <span className="t3 mono grow">{view.href}</span>
              <button
                type="button"
                className="icon-button"
                aria-label={`Delete ${view.name}`}
                onClick={() => remove(view.name)}
              >
                <Icon name="close" size={12} />
              </button>
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  )
}
