/* Dialog: a native modal dialog with a title and a way out; the browser keeps the focus in and gives it back. */
'use client'
import { useEffect, useId, useRef, type ReactNode } from 'react'
import { Icon } from '../ui/Icon.tsx'

interface Props {
  readonly title: string
  /** Name of the closing button. */
  readonly closeLabel: string
  readonly onClose: () => void
  readonly className?: string
  readonly children: ReactNode
}

export function Dialog({ title, closeLabel, onClose, className = '', children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => {
    const element = dialog.current
    element?.showModal()
    // Closing before the element goes gives the focus back to where it was.
    return () => element?.close()
  }, [])
  return (
    <dialog ref={dialog} className={`dialog ${className}`} aria-labelledby={id} onClose={onClose}>
      <div className="panel-head">
        <h2 id={id}>{title}</h2>
        <span className="grow" />
        <button type="button" className="icon-button" aria-label={closeLabel} onClick={onClose}>
          <Icon name="close" />
        </button>
      </div>
      {children}
    </dialog>
  )
}
