'use client'
import { useId, type InputHTMLAttributes } from 'react'

/** An input with its label and what is accepted, read out together. */
export function Field({
  label,
  hint,
  ...input
}: { readonly label: string; readonly hint?: string } & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId()
  return (
    <p className="form-field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        spellCheck={false}
        {...input}
        {...(hint === undefined ? {} : { 'aria-describedby': `${id}-hint` })}
      />
      {hint !== undefined && (
        <span id={`${id}-hint`} className="t2">
          {hint}
        </span>
      )}
    </p>
  )
}
