/* ShellContext: what any part of a page may ask of the frame: do an action, open an overlay, say something for a moment. */
'use client'
import { createContext, useContext } from 'react'
import type { AskedPlace } from '../causes/askedPlace.ts'
import type { ValueRef } from '../provenance/valueRef.ts'
import type { PageAction } from './keymap.ts'

export type Overlay =
  | { readonly kind: 'palette'; readonly mode: 'all' | 'search' }
  | { readonly kind: 'help' }
  /** `term` is the one to begin at. */
  | { readonly kind: 'glossary'; readonly term: string | null }
  | { readonly kind: 'save-view' }
  | { readonly kind: 'load' }
  /** What changed before a moment. */
  | { readonly kind: 'changes'; readonly place: AskedPlace }
  /** Where a value comes from. */
  | { readonly kind: 'origin'; readonly value: ValueRef }

export interface Shell {
  readonly act: (action: PageAction) => void
  /** Null closes what is open. */
  readonly show: (overlay: Overlay | null) => void
  readonly say: (text: string) => void
}

export const ShellContext = createContext<Shell | null>(null)

/** Gives the frame; only inside AppShell. */
export function useShell(): Shell {
  const shell = useContext(ShellContext)
  if (!shell) throw new Error('useShell outside AppShell')
  return shell
}
