import { useEffect, useRef, useState, type RefObject } from 'react'

export interface Popover {
  readonly box: RefObject<HTMLDivElement | null>
  readonly button: RefObject<HTMLButtonElement | null>
  readonly open: boolean
  readonly setOpen: (open: boolean) => void
}

/** Opens and closes a popover of the header: Escape gives the focus back to its button, a press elsewhere just closes. */
export function usePopover(): Popover {
  const [open, setOpen] = useState(false)
  const box = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (!open) return undefined
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape') return
      // One Escape closes one thing: the inspector below stays.
      event.preventDefault()
      event.stopPropagation()
      setOpen(false)
      button.current?.focus()
    }
    const onPointer = (event: PointerEvent): void => {
      if (!box.current?.contains(event.target as Node)) setOpen(false)
    }
    addEventListener('keydown', onKey, true)
    addEventListener('pointerdown', onPointer)
    return () => {
      removeEventListener('keydown', onKey, true)
      removeEventListener('pointerdown', onPointer)
    }
  }, [open])
  return { box, button, open, setOpen }
}
