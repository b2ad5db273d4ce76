/*
 * Composer: from what is wanted to a sent command: kind, parameters, reason, preview, the gesture, then its way to the outcome.
 * In: one seed or many targets. Out: a draft that is previewed at every change and sent once.
 * Invariant: illegal choices are seen with their reason and can not be chosen; an edit disarms; nothing is optimistic; in the past nothing is composed.
 * Source: docs/commands.md; docs/ux.md "composer".
 */
'use client'
import Link from 'next/link'
import { useState } from 'react'
import type { CommandTargets } from '../../lib/contracts/commandDraft.ts'
import type { SeedChoices } from '../../lib/contracts/commandPreview.ts'
import type { SeedState } from '../../lib/contracts/lifecycle.ts'
import { SEED_STATES } from '../../lib/contracts/lifecycleTable.ts'
import { useLive, useTime } from '../live/LiveProvider.tsx'
import { goLive } from '../live/timeActions.ts'
import { THREAD_LINKS, threadOf } from '../../lib/contracts/threadLinks.ts'
import { useApi } from '../records/useApi.ts'
import { CommandCard } from './CommandCard.tsx'
import { CommonFields } from './CommonFields.tsx'
import { NO_COMMON, toCommon, type CommonValues } from './commonValues.ts'
import { ConfirmArea } from './ConfirmArea.tsx'
import { CopyDraft } from './CopyDraft.tsx'
import type { Draft } from './opsActions.ts'
import { useOps } from './OpsProvider.tsx'
import { REPLAY_REFUSAL } from './presentOnly.ts'
import { PreviewView } from './PreviewView.tsx'
import { StateChoice } from './StateChoice.tsx'
import { usePreview } from './usePreview.ts'
import { useSend } from './useSend.ts'

export type Place =
  | { readonly kind: 'seed'; readonly layerId: string; readonly seedId: number }
  | { readonly kind: 'many'; readonly targets: CommandTargets }

interface Props {
  readonly place: Place
  readonly runId: string | null
}

const CHOICES_EVERY_MS = 1_500
type Kind = 'transition' | 'blueprint'

export function Composer({ place, runId }: Props) {
  const { status } = useOps()
  const { page, live } = useLive()
  const time = useTime()
  const [kind, setKind] = useState<Kind>('transition')
  const [target, setTarget] = useState<SeedState | null>(null)
  const [blueprint, setBlueprint] = useState('')
  const [strategy, setStrategy] = useState('linear')
  const [ramp, setRamp] = useState('')
  const [common, setCommon] = useState<CommonValues>(NO_COMMON)
  // Opened from an alert: what it causes goes on in the alert's thread.
  const [thread, setThread] = useState(() => threadOf(location.search))
  const run = runId === null ? '' : `?run=${encodeURIComponent(runId)}`
  const asked = useApi<SeedChoices>(
    place.kind === 'seed'
      ? `/api/layers/${encodeURIComponent(place.layerId)}/seeds/${place.seedId}/choices${run}`
      : null,
    { everyMs: CHOICES_EVERY_MS },
  )
  const choices = asked.data
  const wantsBlueprint = kind === 'blueprint' || target === 'GERMINATED'

  const at =
    place.kind === 'seed' ? { layer_id: place.layerId, seed_id: place.seedId } : { targets: place.targets as never }
  const wantsRamp = wantsBlueprint && blueprint !== ''
  const rampUnread = wantsRamp && ramp.trim() !== '' && !/^\d{1,4}$/.test(ramp.trim())
  const rampTicks = /^\d{1,4}$/.test(ramp.trim()) ? { ramp_ticks: Number(ramp) } : {}
  const said = toCommon(common)
  const recipe = blueprint === '' ? {} : { blueprint_id: blueprint, grafting_strategy: strategy, ...rampTicks }
  const base = {
    ...at,
    ...(runId === null ? {} : { run_id: runId }),
    ...(thread === null ? {} : { correlation_id: thread }),
    ...said,
  }
  const draft = ((): Draft | null => {
    // What can not be read is never left out: without it the command would be another one.
    if (said === null || rampUnread) return null
    if (kind === 'blueprint')
      return blueprint === ''
        ? null
        : {
            type: 'BlueprintUpdateCommand',
            ...base,
            blueprint_id: blueprint,
            grafting_strategy: strategy,
            configuration: rampTicks,
          }
    if (target === null) return null
    const parameters = target === 'GERMINATED' ? recipe : {}
    return { type: 'LifecycleTransitionCommand', ...base, target_state: target, parameters }
  })()
  const preview = usePreview(time.kind === 'live' ? draft : null)
  const sending = useSend()
  const { record } = sending
  const may = status === null || status.me.may.includes('operator')

  if (time.kind !== 'live')
    return (
      <div className="composer">
        <p className="tone-warn composer-note">{REPLAY_REFUSAL}</p>
        <button type="button" onClick={() => goLive({ page, live })}>
          Go live
        </button>
      </div>
    )
  if (status !== null && !may)
    return (
      <p className="t2 composer-note">
        Signed in as {status.me.actor}, who may look but not act. Commands need the role operator.
      </p>
    )
  if (record !== null || sending.sentId !== null)
    return (
      <div className="composer">
        {record === null ? (
          <div className="confirm confirm-skeleton" aria-busy="true" />
        ) : (
          <CommandCard record={record} showTitle />
        )}
        <button type="button" onClick={sending.forget}>
          {record === null || record.final ? 'Compose another' : 'Leave it running and compose another'}
        </button>
      </div>
    )
  return (
    <div className="composer">
      <fieldset className="segments">
        <legend className="visually-hidden">Kind of command</legend>
        <button type="button" aria-pressed={kind === 'transition'} onClick={() => setKind('transition')}>
          Transition
        </button>
        <button type="button" aria-pressed={kind === 'blueprint'} onClick={() => setKind('blueprint')}>
          Blueprint
        </button>
      </fieldset>
      {thread !== null && (
        <p className="t2 composer-note">
          Goes on in the{' '}
          <Link href={THREAD_LINKS.thread(thread)} prefetch={false}>
            thread of its alert
          </Link>
          .{' '}
          <button type="button" className="link" onClick={() => setThread(null)}>
            Begin one of its own
          </button>
        </p>
      )}
      {asked.problem !== null && <p className="tone-warn">{asked.problem.text}</p>}
      {choices?.blocked && (
        <p className="tone-warn">
          {choices.blocked.text}
          {choices.blocked.hint === null ? '' : `: ${choices.blocked.hint}`}
        </p>
      )}
      {kind === 'transition' && (
        <StateChoice
          choices={choices?.choices ?? (place.kind === 'many' ? null : undefined)}
          states={SEED_STATES}
          value={target}
          onChange={setTarget}
        />
      )}
      {kind === 'blueprint' && choices !== null && !choices.blueprint.legal && (
        <p className="t2">{choices.blueprint.reason}</p>
      )}
      {wantsBlueprint && (
        <div className="composer-fields">
          <label>
            Blueprint
            {choices === null ? (
              <input value={blueprint} maxLength={128} onChange={(event) => setBlueprint(event.target.value)} />
            ) : (
              <select value={blueprint} onChange={(event) => setBlueprint(event.target.value)}>
                <option value="">{kind === 'blueprint' ? 'choose one' : 'as planned'}</option>
                {choices.blueprints.map((one) => (
                  <option key={one.blueprint_id} value={one.blueprint_id}>
                    {one.blueprint_id} ({one.parameters} parameters)
                  </option>
                ))}
              </select>
            )}
          </label>
          <label>
            Grafting
            <select value={strategy} onChange={(event) => setStrategy(event.target.value)} disabled={blueprint === ''}>
              {(choices?.strategies ?? ['linear']).map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
          <label>
            Ramp, ticks
            <input
              inputMode="numeric"
              placeholder="default"
              value={ramp}
              disabled={blueprint === ''}
              aria-invalid={rampUnread}
              aria-describedby="ramp-problem"
              onChange={(event) => setRamp(event.target.value)}
            />
          </label>
          <p className="tone-warn wide-field field-problem" id="ramp-problem">
            {rampUnread ? 'Say the ramp as a whole number of ticks, 0 to 9999, or leave it empty.' : ''}
          </p>
        </div>
      )}
      <CommonFields
        values={common}
        metrics={choices?.effect_metrics ?? ['health_score']}
        reasonRequired={preview.preview?.reason_required ?? false}
        onChange={setCommon}
      />
      {draft !== null && preview.preview !== null && <PreviewView preview={preview.preview} />}
      {draft !== null && preview.moved !== '' && <output className="tone-warn">{preview.moved}</output>}
      {draft === null ? (
        <p className="t3">
          {said === null || rampUnread
            ? 'A field above can not be read: nothing is previewed or sent until it can.'
            : `${kind === 'blueprint' ? 'Choose a blueprint' : 'Choose a state'} to see what it would do.`}
        </p>
      ) : (
        <ConfirmArea
          state={preview}
          sending={sending.sending}
          reasonMissing={(preview.preview?.reason_required ?? false) && common.reason.trim() === ''}
          onSend={(confirm) => void sending.send(draft, confirm).then((id) => id === null && preview.refresh())}
        />
      )}
      {sending.problem !== null && (
        <p className="tone-crit" role="alert">
          Not sent: {sending.problem.text} <span className="t3">{sending.problem.code}</span>
        </p>
      )}
      {draft !== null && <CopyDraft draft={draft} />}
    </div>
  )
}
