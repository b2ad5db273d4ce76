'use client'
import { useState } from 'react'

/** A number as it is typed: what is none is handed on as NaN and stays in the field, so that it can be named and corrected. */
export function NumberField({
  label,
  hint,
  value,
  onChange,
}: {
  readonly label: string
  readonly hint?: string
  readonly value: number
  readonly onChange: (value: number) => void
}) {
  const [typed, setTyped] = useState(String(value))
  const read = (text: string): number => (text.trim() === '' ? Number.NaN : Number(text.replace(',', '.')))
  // Changed from outside: by the JSON, by another detector.
  const [last, setLast] = useState(value)
  if (!Object.is(last, value)) {
    setLast(value)
    if (!Object.is(read(typed), value)) setTyped(Number.isNaN(value) ? typed : String(value))
  }
  return (
    <label>
      {label}
      <input
        inputMode="decimal"
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value)
          onChange(read(event.target.value))
        }}
      />
      {hint !== undefined && <span className="t3">{hint}</span>}
    </label>
  )
}
