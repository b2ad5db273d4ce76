/* useAltClick: a click with Alt held on any value shows where it comes from, and does nothing else. */
'use client'
import { useEffect } from 'react'
import type { Overlay } from '../shell/ShellContext.tsx'
import { valueOfElement } from './valueRef.ts'

export function useAltClick(show: (overlay: Overlay) => void): void {
  useEffect(() => {
    const onClick = (event: MouseEvent): void => {
      if (!event.altKey || event.ctrlKey || event.metaKey) return
      const value = event.target instanceof Element ? valueOfElement(event.target) : null
      if (value === null) return
      event.preventDefault()
      event.stopPropagation()
      show({ kind: 'origin', value })
    }
    // Before the value's own handler, which would copy it.
    addEventListener('click', onClick, { capture: true })
    return () => removeEventListener('click', onClick, { capture: true })
  }, [show])
}
