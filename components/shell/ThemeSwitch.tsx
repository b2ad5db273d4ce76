'use client'
import { useEffect, useState } from 'react'
import { Icon } from '../ui/Icon.tsx'
import { currentTheme, nextTheme, setTheme, type Theme } from './theme.ts'

const ICONS = { auto: 'auto', dark: 'moon', light: 'sun' } as const

/** Switches auto, dark, light in turn; the label says which is on. */
export function ThemeSwitch() {
  const [theme, show] = useState<Theme>('auto')
  useEffect(() => {
    const read = () => show(currentTheme())
    read()
    const observer = new MutationObserver(read)
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
    return () => observer.disconnect()
  }, [])
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={`Theme: ${theme}. Switch to ${nextTheme(theme)}`}
      title={`Theme: ${theme} (t)`}
      onClick={() => setTheme(nextTheme(theme))}
    >
      <Icon name={ICONS[theme]} />
    </button>
  )
}
