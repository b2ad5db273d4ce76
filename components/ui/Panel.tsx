/*
 * Panel: one box of a page, with its title, what it does and the states it can be in.
 * In: title, state, message. Out: the box; a skeleton of the final size while loading.
 * Invariant: the last good content stays below an error; nothing is shown as empty before it is known to be.
 * Source: docs/ux.md "information architecture".
 */
import { useId, type ReactNode } from 'react'
import { Icon } from './Icon.tsx'

export type PanelState = 'ready' | 'loading' | 'empty' | 'error'

interface Props {
  readonly title: string
  /** What is shown, from when, how many: beside the title. */
  readonly hint?: ReactNode
  readonly actions?: ReactNode
  readonly state?: PanelState
  /** Words of the empty or error state. */
  readonly message?: ReactNode
  readonly className?: string
  readonly children?: ReactNode
}

export function Panel({ title, hint, actions, state = 'ready', message, className = '', children }: Props) {
  const id = useId()
  return (
    <section className={`panel ${className}`} aria-labelledby={id} aria-busy={state === 'loading'}>
      <div className="panel-head">
        <h2 id={id}>{title}</h2>
        {hint !== undefined && <span className="sub">{hint}</span>}
        <span className="grow" />
        {actions}
      </div>
      {state === 'error' && (
        <p className="panel-note tone-warn">
          <Icon name="warning" /> <span>{message}</span>
        </p>
      )}
      {state === 'empty' && <p className="panel-note t2">{message}</p>}
      {state === 'loading' ? (
        <div className="panel-skeleton">
          <span className="visually-hidden">Loading {title}</span>
        </div>
      ) : (
        children
      )}
    </section>
  )
}
