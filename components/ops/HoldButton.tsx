/*
 * HoldButton: a button that means it only after it was held, by pointer or key, without a break.
 * In: how long, what to do. Out: one call at the end of the hold.
 * Invariant: one continuous, trusted press; a repeated key, a blur, a second pointer, a finger that slides off or letting go early does
 * nothing, and says so; so does letting go while the page was too busy to see it.
 * Source: docs/ux.md "guard levels".
 */
'use client'
import { useEffect, useRef, useState } from 'react'
import { systemClock } from '../../lib/primitives/clock.ts'

interface Props {
  readonly ms: number
  readonly label: string
  readonly disabled?: boolean
  readonly className?: string
  readonly onHeld: () => void
}

/** A timer this late has seen the page stand still: a release may wait behind it, and gets its turn, once. */
const LATE_MS = 50
const CATCH_UP_MS = 100
const EARLY = 'Not sent: it was let go too early.'
const TWO = 'Two presses at once do not count. Not sent.'

export function HoldButton({ ms, label, disabled = false, className = '', onHeld }: Props) {
  const [holding, setHolding] = useState(false)
  const [said, setSaid] = useState('')
  const cancel = useRef<(() => void) | null>(null)
  const release = (why: string): void => {
    if (!cancel.current) return
    cancel.current()
    cancel.current = null
    setHolding(false)
    setSaid(why)
  }
  const press = (): void => {
    if (disabled || cancel.current) return release(TWO)
    setSaid('')
    setHolding(true)
    wait(ms, true)
  }
  const wait = (forMs: number, mayBeLate: boolean): void => {
    const dueMs = systemClock.monotonicMs() + forMs
    cancel.current = systemClock.after(forMs, () => {
      if (mayBeLate && systemClock.monotonicMs() - dueMs > LATE_MS) return wait(CATCH_UP_MS, false)
      cancel.current = null
      setHolding(false)
      onHeld()
    })
  }
  useEffect(() => {
    const stop = (): void => {
      cancel.current?.()
      cancel.current = null
      setHolding(false)
    }
    // A second finger, wherever it lands, is no continuous press of one.
    const second = (event: PointerEvent): void => {
      if (event.isPrimary || !cancel.current) return
      stop()
      setSaid(TWO)
    }
    addEventListener('blur', stop)
    addEventListener('pointerdown', second, true)
    return () => {
      removeEventListener('blur', stop)
      removeEventListener('pointerdown', second, true)
      stop()
    }
  }, [])
  return (
    <span className="hold">
      <button
        type="button"
        className={`hold-button ${className}${holding ? ' is-holding' : ''}`}
        style={{ '--hold-ms': `${ms}ms` } as React.CSSProperties}
        disabled={disabled}
        onPointerDown={(event) => {
          if (!event.isTrusted || !event.isPrimary || event.button !== 0) return
          press()
        }}
        onPointerMove={(event) => {
          // A finger is captured by what it touched first, so it never leaves: where it is says whether it slid off.
          const { left, right, top, bottom } = event.currentTarget.getBoundingClientRect()
          const { clientX: x, clientY: y } = event
          if (x < left || x > right || y < top || y > bottom) release(EARLY)
        }}
        onPointerUp={() => release(EARLY)}
        onPointerLeave={() => release(EARLY)}
        onPointerCancel={() => release(EARLY)}
        onBlur={() => release(EARLY)}
        onContextMenu={(event) => event.preventDefault()}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' && event.key !== ' ') return
          event.preventDefault()
          if (event.isTrusted && !event.repeat) press()
        }}
        onKeyUp={() => release(EARLY)}
      >
        <span>
          {label}
          <span className="t2"> (hold {(ms / 1_000).toFixed(1)} s)</span>
        </span>
      </button>
      <output className="t3">{said}</output>
    </span>
  )
}
