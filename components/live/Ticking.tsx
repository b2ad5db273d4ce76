'use client'
import { useEffect, useRef } from 'react'
import { onTick } from './useLiveTopic.ts'

/** Shows a text that is read four times a second and written without rendering; ages and clocks. */
export function Ticking({ read, className }: { readonly read: () => string; readonly className?: string }) {
  const element = useRef<HTMLSpanElement>(null)
  useEffect(() => {
    const write = (): void => {
      const text = read()
      if (element.current && element.current.textContent !== text) element.current.textContent = text
    }
    write()
    return onTick(write)
  }, [read])
  return <span ref={element} className={className} />
}
