import { Icon } from '../ui/Icon.tsx'
import type { Act } from './useAct.ts'

/** Says what the last act of a panel came to; keeps its height while there is nothing to say. */
export function StatusLine({ act }: { readonly act: Act }) {
  return (
    <output className="form-said">
      {act.said !== '' && (
        <span className={act.isProblem ? 'tone-warn' : 't2'}>
          {act.isProblem && <Icon name="warning" size={13} />} {act.said}
        </span>
      )}
    </output>
  )
}
