/*
 * CopyDraft: the form as a line for the terminal, as curl, or as JSON; what is copied asks for a dry run.
 * In: a draft. Out: text on the clipboard, or shown where there is none.
 * Invariant: what was copied is said; without a clipboard the text can still be selected.
 * Source: features N23; docs/commands.md "from a terminal".
 */
'use client'
import { useState } from 'react'
import { cliOf, curlOf } from './commandText.ts'
import type { Draft } from './opsActions.ts'

export function CopyDraft({ draft }: { readonly draft: Draft }) {
  const [said, setSaid] = useState('')
  const copy = (name: string, text: string): void => {
    const copied = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error('no clipboard'))
    copied.then(
      () => setSaid(`${name} copied`),
      () => setSaid(text),
    )
  }
  return (
    <p className="copy-draft">
      <button type="button" className="link" onClick={() => copy('Terminal line', cliOf(draft))}>
        Copy as CLI
      </button>
      <button type="button" className="link" onClick={() => copy('curl line', curlOf(draft, location.origin))}>
        Copy as curl
      </button>
      <button type="button" className="link" onClick={() => copy('JSON', JSON.stringify(draft, null, 2))}>
        Copy as JSON
      </button>
      <output className="t2">{said}</output>
    </p>
  )
}
