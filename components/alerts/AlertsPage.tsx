/*
 * Alerts page: what is wrong, whose it is, what was put aside, and what was; one key acknowledges.
 * In: lists over HTTP that pushes keep fresh; tab, filters and alert named by the address. Out: a list beside the chosen alert.
 * Invariant: nothing moves under pointer or focus; an act is never shown as done before the server said so; on failure a count reads "?".
 * Source: docs/ux.md "pages: alerts"; docs/alerts.md; features D4 to D16, D20.
 */
'use client'
import { useRouter } from 'next/navigation'
import { useCallback, useRef, useState, useSyncExternalStore } from 'react'
import type { AlertItem } from '../../lib/contracts/alerts.ts'
import type { AlertCounts } from '../../lib/contracts/httpAlerts.ts'
import { formatCount } from '../../lib/live/formatValue.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { useSession } from '../access/useSession.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { hrefOf, PAGE_PATHS } from '../live/pageLinks.ts'
import { useLiveTopic, useTickKey } from '../live/useLiveTopic.ts'
import { useOps } from '../ops/OpsProvider.tsx'
import { problemOf } from '../records/useApi.ts'
import { PageMain } from '../shell/PageMain.tsx'
import { useShell } from '../shell/ShellContext.tsx'
import { Panel } from '../ui/Panel.tsx'
import { createActStore } from './actStore.ts'
import { AlertDetail } from './AlertDetail.tsx'
import { createAlertDoor, type ActBody, type ActName } from './alertDoor.ts'
import { SHELVE_CHOICES, type AlertKey } from './alertKeys.ts'
import { AlertListView } from './AlertListView.tsx'
import type { AlertTab, ListRow } from './alertOrder.ts'
import { AlertRow, type RowForm } from './AlertRow.tsx'
import { AlertFilterBar, AlertTabs, EngineLine, EngineTrouble } from './AlertsHead.tsx'
import { AlertsNothing } from './AlertsNothing.tsx'
import { AlertStatus } from './AlertStatus.tsx'
import { canAck } from './alertWords.ts'
import { NotifyButton } from './NotifyButton.tsx'
import { useAlertAddress } from './useAlertAddress.ts'
import { useAlertBoard } from './useAlertBoard.ts'
import { useAlertKeys } from './useAlertKeys.ts'
import { NO_FILTERS, useAlertList } from './useAlertList.ts'

/** Beside each other from here on: moving in the list shows the alert. */
const WIDE = '(min-width: 981px)'
const NOBODY: ReadonlySet<string> = new Set()

const alertOf = (row: ListRow | undefined): AlertItem | null => (row?.kind === 'alert' ? row.alert : null)

/** Where an alert leads: its seed, its layer, its run, or the bus. */
function pathOf(alert: AlertItem): string {
  if (alert.layer_id !== null && alert.seed_id !== null)
    return PAGE_PATHS.seed({ layerId: alert.layer_id, seedId: alert.seed_id })
  if (alert.layer_id !== null) return PAGE_PATHS.layer(alert.layer_id)
  return alert.run_id === null ? '/bus' : '/run'
}

const waitingWords = (counts: AlertCounts | null): string =>
  counts === null ? '' : counts.unacked === 0 ? 'none waits' : `${formatCount(counts.unacked)} not acknowledged`

function toggled(ids: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const next = new Set(ids)
  if (!next.delete(id)) next.add(id)
  return next
}

export function AlertsPage() {
  const { session, page } = useLive()
  const shell = useShell()
  const router = useRouter()
  useLiveTopic(['runs', 'view'], 1_000)
  const { status, offsetMs } = useOps()
  const people = useSession().data?.demo_operators ?? []
  const [{ tab, filters, chosen }, go] = useAlertAddress()
  const answer = useAlertList(tab, filters)
  const { refresh } = answer
  const [acts] = useState(() =>
    createActStore({ door: createAlertDoor(), clock: systemClock, problemOf, after: () => refresh() }),
  )
  const doing = useSyncExternalStore(acts.subscribe, acts.get, acts.get)
  const board = useAlertBoard(`${tab} ${JSON.stringify(filters)}`, tab, answer, doing)
  const rows = board.rows ?? []
  const nowMs = useCallback(() => systemClock.wallMs() + offsetMs, [offsetMs])
  useTickKey(() => String(Math.floor(nowMs() / 1_000)))
  const nowS = Math.floor(nowMs() / 1_000) * 1_000

  const me = status?.me.actor ?? 'you'
  const mayAct = status === null || status.me.may.includes('operator')
  const [at, setAt] = useState<string | null>(null)
  const [focusCount, setFocusCount] = useState(0)
  const [selected, setSelected] = useState(NOBODY)
  const [form, setForm] = useState<{ readonly id: string; readonly form: RowForm } | null>(null)
  // The row that keys act on: where the focus was last, else the chosen alert, else the first.
  const current =
    rows.find((row) => row.key === at)?.key ??
    rows.find((row) => row.key === `a ${chosen}`)?.key ??
    rows.find((row) => row.kind === 'alert')?.key ??
    null
  const currentAlert = alertOf(rows.find((row) => row.key === current))
  const chosenAlert =
    chosen === null
      ? null
      : (alertOf(rows.find((row) => row.key === `a ${chosen}`)) ?? doing.newest.get(chosen) ?? null)

  const act = useCallback(
    (name: ActName, alert: AlertItem, body?: ActBody): void => void acts.run(name, [alert], body),
    [acts],
  )
  const openForm = useCallback((id: string, next: RowForm): void => {
    setForm(next === null ? null : { id, form: next })
    if (next === null) setFocusCount((count) => count + 1)
  }, [])
  const choose = useCallback(
    (id: string): void => {
      setAt(`a ${id}`)
      go({ chosen: id })
    },
    [go],
  )
  const moveTo = (index: number, step: 1 | -1): void => {
    for (let next = index; next >= 0 && next < rows.length; next += step) {
      const alert = alertOf(rows[next])
      if (alert === null) continue
      setAt(`a ${alert.id}`)
      setFocusCount((count) => count + 1)
      if (matchMedia(WIDE).matches) go({ chosen: alert.id })
      return
    }
  }
  const ackGroup = (key: string): void => {
    const group = answer.groups.find((one) => one.key === key)
    if (group === undefined) return
    shell.say(
      `ack ${formatCount(group.unacked)} alerts in "${group.text}"${group.critical > 0 ? ` (${formatCount(group.critical)} critical)` : ''}`,
    )
    void acts.ackGroup(group)
  }

  const pickedOrCurrent = (): readonly AlertItem[] => {
    const picked = rows.flatMap((row) => (row.kind === 'alert' && selected.has(row.alert.id) ? [row.alert] : []))
    return picked.length > 0 ? picked : currentAlert === null ? [] : [currentAlert]
  }
  const ackPicked = (): void => {
    void acts.run('ack', pickedOrCurrent().filter(canAck))
    setSelected(NOBODY)
  }
  const place = rows.findIndex((row) => row.key === current)
  const onCurrent = (use: (alert: AlertItem) => void): boolean => {
    if (currentAlert === null) return false
    use(currentAlert)
    return true
  }
  const ifMay = (use: (alert: AlertItem) => void): boolean => mayAct && onCurrent(use)
  const move = (index: number, step: 1 | -1): boolean => {
    moveTo(index, step)
    return rows.length > 0
  }
  const keys: Readonly<Record<Exclude<AlertKey, object>, () => boolean>> = {
    down: () => move(place + 1, 1),
    up: () => move(place - 1, -1),
    first: () => move(0, 1),
    last: () => move(rows.length - 1, -1),
    close: () => {
      openForm('', null)
      return true
    },
    undo: () => {
      if (doing.undo === null) return false
      void acts.undo()
      return true
    },
    select: () => onCurrent(({ id }) => setSelected((before) => toggled(before, id))),
    open: () => onCurrent((alert) => router.push(hrefOf(pathOf(alert), page.get()))),
    ack: () => ifMay(ackPicked),
    'ack-note': () =>
      ifMay(({ id }) => {
        ackPicked()
        openForm(id, 'note')
      }),
    'ack-group': () => ifMay(({ group }) => ackGroup(group)),
    shelve: () => ifMay(({ id }) => openForm(id, 'shelve')),
    escalate: () => ifMay(({ id }) => openForm(id, 'escalate')),
    changed: () => false,
  }
  const shelveFor = (digit: number): boolean => {
    const choice = SHELVE_CHOICES[digit - 1]
    if (choice === undefined) return false
    if (choice.minutes === null) shell.say('More than 4 h needs a reason: write it, then press the button.')
    else {
      setForm(null)
      void acts.run('shelve', pickedOrCurrent(), { minutes: choice.minutes })
    }
    return true
  }
  // A form whose row is no longer on the page can not be answered.
  const shownForm = form !== null && rows.some((row) => row.key === `a ${form.id}`) ? form : null
  useAlertKeys(shownForm?.form === 'shelve', (key) =>
    typeof key === 'object' ? shelveFor(key.shelveFor) : keys[key](),
  )

  const layers = session.store.run()?.descriptor.layers.map((layer) => layer.layer_id) ?? []
  const { loadMore, hasMore, isLoadingMore } = answer
  const onEnd = useCallback(() => {
    if (hasMore && !isLoadingMore) loadMore()
  }, [hasMore, isLoadingMore, loadMore])
  const isFiltered = JSON.stringify(filters) !== JSON.stringify(NO_FILTERS)
  const list = useRef<HTMLDivElement>(null)
  const showNew = (): void => {
    board.release()
    list.current?.querySelector('.alert-list')?.scrollTo({ top: 0 })
  }
  const onTab = (next: AlertTab): void => {
    setSelected(NOBODY)
    setForm(null)
    setAt(null)
    go({ tab: next })
  }
  const onForm = (next: RowForm): void => {
    if (chosen === null) return
    setAt(`a ${chosen}`)
    openForm(chosen, next)
  }
  return (
    <PageMain title="Alerts">
      <div className={`alerts-page${chosen === null ? '' : ' has-chosen'}`}>
        <Panel
          title="Alerts"
          className="alerts-list"
          hint={
            answer.isOld ? (answer.alerts === null ? '' : 'as last known') : waitingWords(answer.head?.counts ?? null)
          }
          actions={
            <>
              {board.waiting > 0 && (
                <button type="button" className="pill" onClick={showNew}>
                  {formatCount(board.waiting)} new
                </button>
              )}
              <NotifyButton />
            </>
          }
          // Only before the first answer of all: a field that is typed in must outlive the lists it asks for.
          state={answer.problem !== null ? 'error' : answer.head === null ? 'loading' : 'ready'}
          message={
            answer.problem === null
              ? ''
              : `${answer.problem.text} (${answer.problem.code}) ${answer.alerts === null ? 'Whether anything is wrong is unknown.' : 'What was known stays below and may be over by now.'}`
          }
        >
          <AlertTabs tab={tab} answer={answer} onTab={onTab} />
          <EngineLine answer={answer} />
          <EngineTrouble answer={answer} nowMs={systemClock.wallMs()} />
          <AlertFilterBar filters={filters} layers={layers} onFilters={(next) => go({ filters: next })} />
          <div
            id="alert-rows"
            role="tabpanel"
            aria-label={`Alerts: ${tab}`}
            ref={list}
            aria-busy={board.rows === null}
            className={answer.isOld ? 'alert-panel is-old' : 'alert-panel'}
          >
            {board.rows === null && <div className="panel-skeleton" />}
            {board.rows !== null && rows.length === 0 && (
              <AlertsNothing
                tab={tab}
                answer={answer}
                nowMs={nowS}
                isFiltered={isFiltered}
                onClear={() => go({ filters: NO_FILTERS })}
              />
            )}
            {rows.length > 0 && (
              <AlertListView
                rows={rows}
                current={current}
                focusCount={focusCount}
                mayAct={mayAct}
                busyGroups={doing.groups}
                hasMore={hasMore}
                onEnd={onEnd}
                onCurrent={setAt}
                onAckGroup={ackGroup}
                onUnfold={board.unfold}
                onHold={board.hold}
                onRelease={board.release}
                onReleaseSoon={board.releaseSoon}
                renderAlert={({ alert }, isCurrent) => (
                  <AlertRow
                    alert={alert}
                    me={me}
                    nowMs={nowS}
                    isCurrent={isCurrent}
                    isChosen={alert.id === chosen}
                    isSelected={selected.has(alert.id)}
                    mayAct={mayAct}
                    sending={doing.sending.get(alert.id)}
                    failure={doing.failed.get(alert.id)}
                    form={shownForm?.id === alert.id ? shownForm.form : null}
                    onChoose={choose}
                    onAct={act}
                    onForm={openForm}
                    onDismiss={acts.dismiss}
                  />
                )}
              />
            )}
          </div>
          <AlertStatus
            doing={doing}
            counts={answer.isOld ? null : (answer.head?.counts ?? null)}
            selected={selected.size}
            onUndo={() => void acts.undo()}
            onAckSelected={ackPicked}
            onDropSelection={() => setSelected(NOBODY)}
          />
        </Panel>
        <div className="alerts-detail">
          {chosen === null ? (
            <Panel
              title="No alert is chosen"
              state="empty"
              message="Choose one in the list, or move with j and k: its evidence, what to do first and who did what stand here."
            />
          ) : (
            <AlertDetail
              key={chosen}
              id={chosen}
              known={chosenAlert}
              nowMs={nowMs}
              mayAct={mayAct}
              people={people}
              sending={doing.sending.get(chosen)}
              onAct={act}
              onForm={onForm}
              onBack={() => go({ chosen: null })}
            />
          )}
        </div>
      </div>
    </PageMain>
  )
}
