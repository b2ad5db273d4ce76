/*
 * PreviewView: what a command would do, before it is sent: legal or not and why, level, readings, effect, budget, precedent.
 * In: the server's preview. Out: short sections; nothing here is computed in the browser.
 * Invariant: a reading says its age; unknown is a word; why a level was raised is said beside it.
 * Source: docs/commands.md "preview"; docs/ux.md "composer".
 */
import type { CommandPreview, PreviewGuard, PreviewTargets } from '../../lib/contracts/commandPreview.ts'
import { formatAge, formatCount } from '../../lib/live/formatValue.ts'
import { Icon } from '../ui/Icon.tsx'

const LEVELS = ['no guard', 'reversible', 'with a reason', 'no way back, or many', 'two persons'] as const

const number = (value: number): string =>
  new Intl.NumberFormat('en', { maximumSignificantDigits: 4, useGrouping: true }).format(value)

export function PreviewView({ preview }: { readonly preview: CommandPreview }) {
  const { effect, raised, guards, inverse, reversible, precedent, approvals, control, reasons, warnings } = preview
  const many = preview.targets.total > 1
  return (
    <div className="preview">
      {reasons.map((reason) => (
        <p key={`${reason.code} ${reason.text}`} className="tone-crit preview-reason">
          <Icon name="critical" size={14} />
          <span>
            {reason.text} {reason.hint !== null && <span className="t2">{reason.hint}</span>}
          </span>
        </p>
      ))}
      {warnings.map((warning) => (
        <p key={`${warning.code} ${warning.text}`} className="tone-warn preview-reason">
          <Icon name="warning" size={14} />
          <span>
            {warning.text} {warning.hint !== null && <span className="t2">{warning.hint}</span>}
          </span>
        </p>
      ))}
      <p>
        <b>{effect.text}</b>
      </p>
      {effect.changes.length > 0 && (
        <dl className="changes">
          {effect.changes.map((change) => (
            <div key={change.field}>
              <dt>{change.field}</dt>
              <dd>
                <span className="t2">{change.before ?? 'unknown'}</span> → <b>{change.after ?? 'unknown'}</b>
              </dd>
            </div>
          ))}
        </dl>
      )}
      <p>
        <span className={`level level-${preview.level}`}>Level {preview.level}</span> {LEVELS[preview.level]}
        {raised.map((raise) => (
          <span key={raise.by} className="t2">
            ; {raise.text}
          </span>
        ))}
      </p>
      <p className={reversible ? 't2' : ''}>
        {reversible ? 'Can be taken back' : 'No way back'}
        {inverse === null ? '.' : `: ${inverse.text}`}
      </p>
      {many && <Targets targets={preview.targets} />}
      {guards.length > 0 && <Guards guards={guards} />}
      <Budget preview={preview} />
      <p className="t2">
        {precedent.text}
        {precedent.ack_p95_ms === null ? '' : ` 95 % were answered within ${formatAge(precedent.ack_p95_ms)}.`}
      </p>
      {approvals.needed > 0 && (
        <p>
          <Icon name="info" size={14} /> {approvals.text}
        </p>
      )}
      {control.mode === 'propose' && (
        <p className="t2">
          {control.holder} has control: this is sent as a proposal, or take control on the Commands page.
        </p>
      )}
    </div>
  )
}

function Targets({ targets }: { readonly targets: PreviewTargets }) {
  return (
    <section className="preview-targets">
      <ul className="split" aria-label="Targets">
        <li>
          <b>{formatCount(targets.will_change)}</b> will change
        </li>
        <li>
          <b>{formatCount(targets.unchanged)}</b> are there already
        </li>
        <li>
          <b>{formatCount(targets.illegal)}</b> illegal
        </li>
        <li>
          <b>{formatCount(targets.stale)}</b> too old, left out
        </li>
      </ul>
      {targets.groups.map((group) => (
        <p key={`${group.code} ${group.text}`} className="t2">
          {formatCount(group.count)}: {group.text} (
          {group.sample
            .slice(0, 4)
            .map((seed) => `${seed.layer_id}/${seed.seed_id}`)
            .join(', ')}
          {group.count > 4 ? ', …' : ''})
        </p>
      ))}
      {targets.waves.length > 1 && (
        <p className="t2">
          In waves of {targets.waves.map(formatCount).join(', ')}; first{' '}
          {targets.first_wave
            .slice(0, 6)
            .map((seed) => `${seed.layer_id}/${seed.seed_id}`)
            .join(', ')}
          . Each wave is verified before the next.
        </p>
      )}
      {targets.health !== null && <HealthBins bins={targets.health.bins} unmeasured={targets.health.unmeasured} />}
    </section>
  )
}

function HealthBins({ bins, unmeasured }: { readonly bins: readonly number[]; readonly unmeasured: number }) {
  const most = Math.max(1, ...bins)
  const words = bins.map((count, index) => `${(index / 10).toFixed(1)} to ${((index + 1) / 10).toFixed(1)}: ${count}`)
  return (
    <p className="t2">
      <svg
        className="bins"
        width="100"
        height="24"
        viewBox="0 0 100 24"
        role="img"
        aria-label={`Health now, ${words.join('; ')}`}
      >
        {bins.map((count, index) => (
          <rect
            key={words[index]}
            x={index * 10}
            y={24 - (count / most) * 22}
            width="9"
            height={Math.max(count > 0 ? 1 : 0, (count / most) * 22)}
          />
        ))}
      </svg>{' '}
      health of those now, 0 to 1{unmeasured > 0 ? `; ${formatCount(unmeasured)} unmeasured` : ''}
    </p>
  )
}

function Guards({ guards }: { readonly guards: readonly PreviewGuard[] }) {
  return (
    <ul className="guards" aria-label="Conditions">
      {guards.map((guard) => (
        <li key={guard.name} className={guard.passed === false ? 'not' : ''}>
          <span aria-hidden="true">{guard.passed === null ? '?' : guard.passed ? '✓' : '✕'}</span>
          <span>
            {guard.text}
            <span className="t2">
              {guard.passed === null ? ' can not be told' : guard.passed ? ' holds' : ' does not hold'}
              {guard.value === null ? '' : `: ${number(guard.value)}${guard.unit === '' ? '' : ` ${guard.unit}`}`}
              {guard.threshold === null ? '' : `, limit ${number(guard.threshold)}`}
              {guard.age_ms === null ? '' : `, ${formatAge(guard.age_ms)} old`}
              {guard.decided_by === 'layer' ? '; the layer decides at that moment' : ''}
            </span>
          </span>
        </li>
      ))}
    </ul>
  )
}

function Budget({ preview }: { readonly preview: CommandPreview }) {
  const { budget } = preview
  const { overall } = budget
  const after = overall.used + overall.would_use
  return (
    <p className={overall.over ? 'tone-warn' : 't2'}>
      <meter
        min={0}
        max={Math.max(1, Math.round(overall.seeds * budget.limit_ratio))}
        value={after}
        aria-label="Blast budget"
      />{' '}
      {formatCount(after)} of {formatCount(overall.seeds)} active seeds commanded within{' '}
      {formatAge(budget.window_s * 1_000)}; {Math.round(budget.limit_ratio * 100)} % may be without approval
      {overall.over ? ': over it' : ''}
    </p>
  )
}
