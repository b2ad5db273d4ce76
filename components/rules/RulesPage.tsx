/*
 * Rules page: every alert rule with when it raises and clears; one of them to read, try, change, export.
 * In: /api/rules; the rule named by the address. Out: a list beside the chosen rule.
 * Invariant: what may not be changed by this person is not offered for change; nothing is saved without its version.
 * Source: docs/ux.md "pages: rules"; docs/alerts.md "rules"; features D1, D2.
 */
'use client'
import { useEffect, useState } from 'react'
import type { RuleList } from '../../lib/contracts/httpRules.ts'
import { formatCount } from '../../lib/live/formatValue.ts'
import { useSession } from '../access/useSession.ts'
import { SEVERITY_ICONS, SEVERITY_TONES } from '../alerts/alertWords.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { useLiveTopic } from '../live/useLiveTopic.ts'
import { useApi } from '../records/useApi.ts'
import { PageMain } from '../shell/PageMain.tsx'
import { Icon } from '../ui/Icon.tsx'
import { Panel } from '../ui/Panel.tsx'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import { useRovingList } from '../ui/useRovingList.ts'
import { conditionsOf, NEW_RULE } from './ruleDraft.ts'
import { RuleEditor } from './RuleEditor.tsx'
import { RuleTransfer } from './RuleTransfer.tsx'

const RULES_URL = '/api/rules'
const EVERY_MS = 10_000
const NEW = '#new'

function useHash(): readonly [string, (hash: string) => void] {
  const [hash, setHash] = useState('')
  useEffect(() => {
    const read = (): void => setHash(location.hash)
    read()
    addEventListener('hashchange', read)
    return () => removeEventListener('hashchange', read)
  }, [])
  const go = (next: string): void => {
    history.replaceState(history.state, '', `${location.pathname}${location.search}${next}`)
    setHash(next)
  }
  return [hash, go]
}

export function RulesPage() {
  const { session } = useLive()
  useLiveTopic(['runs', 'view'], 1_000)
  const answer = useApi<RuleList>(RULES_URL, { everyMs: EVERY_MS })
  const { data, problem, refetch } = answer
  const subject = useSession().data?.subject ?? null
  const mayEdit = subject?.permissions.includes('admin') ?? false
  const [hash, go] = useHash()
  const [isMoving, setMoving] = useState(false)
  const rules = data?.rules ?? []
  const chosen = rules.find((rule) => `#${rule.id}` === decodeURIComponent(hash)) ?? null
  const roving = useRovingList(rules.length)
  const run = session.store.run()?.descriptor
  const metrics = run?.seed_columns.map((column) => column.name) ?? []
  const isNew = hash === NEW && mayEdit
  return (
    <PageMain title="Rules">
      <div className={`rules-page${chosen === null && !isNew && !isMoving ? '' : ' has-chosen'}`}>
        <Panel
          title="Rules"
          className="rules-list"
          hint={
            data === null
              ? ''
              : `${formatCount(rules.filter((rule) => rule.enabled).length)} of ${formatCount(rules.length)} in service`
          }
          actions={
            <>
              {mayEdit && (
                <button
                  type="button"
                  aria-pressed={isNew}
                  onClick={() => {
                    setMoving(false)
                    go(isNew ? '' : NEW)
                  }}
                >
                  New rule
                </button>
              )}
              <button
                type="button"
                aria-pressed={isMoving}
                onClick={() => {
                  go('')
                  setMoving(!isMoving)
                }}
              >
                Import, export
              </button>
            </>
          }
          state={problem !== null ? 'error' : data === null ? 'loading' : rules.length === 0 ? 'empty' : 'ready'}
          message={
            problem === null
              ? 'There is no rule: nothing can raise an alert. Import the shipped ones, or make one.'
              : `${problem.text} (${problem.code})${data === null ? '' : ' What was known stays below.'}`
          }
        >
          {data !== null && <Channels channels={data.channels} />}
          {rules.length > 0 && (
            <ScrollRegion label="List of rules" className="rule-rows">
              <ul {...roving.list}>
                {rules.map((rule, index) => {
                  const { raise } = conditionsOf(rule)
                  return (
                    <li key={rule.id}>
                      <button
                        type="button"
                        data-roving
                        className="rule-row"
                        tabIndex={roving.tabIndex(index)}
                        aria-current={rule.id === chosen?.id ? 'true' : undefined}
                        onClick={() => {
                          setMoving(false)
                          go(`#${rule.id}`)
                        }}
                      >
                        <span className={rule.enabled ? SEVERITY_TONES[rule.severity] : 't3'}>
                          <Icon name={SEVERITY_ICONS[rule.severity]} />
                          <span className="visually-hidden">{rule.severity}, </span>
                        </span>
                        <span>
                          <b>{rule.title}</b> {!rule.enabled && <span className="tone-warn">out of service</span>}{' '}
                          {data?.deletions.some(({ id }) => id === rule.id) === true && (
                            <span className="tone-warn">waits to be deleted</span>
                          )}
                          <small>{raise}</small>
                        </span>
                        <span className="t3 num">
                          {rule.saved_at === null ? 'as shipped' : `version ${rule.version}`}
                        </span>
                      </button>
                    </li>
                  )
                })}
              </ul>
            </ScrollRegion>
          )}
        </Panel>
        <div className="rules-detail">
          {isMoving ? (
            <RuleTransfer mayEdit={mayEdit} onDone={refetch} onClose={() => setMoving(false)} />
          ) : isNew ? (
            <RuleEditor
              key="new"
              rule={null}
              start={NEW_RULE}
              metrics={metrics}
              runId={run?.run_id ?? null}
              mayEdit
              deletion={null}
              onSaved={(id) => {
                refetch()
                go(`#${id}`)
              }}
              onClose={() => go('')}
            />
          ) : chosen !== null ? (
            <RuleEditor
              key={chosen.id}
              rule={chosen}
              start={chosen}
              metrics={metrics}
              runId={run?.run_id ?? null}
              mayEdit={mayEdit}
              deletion={data?.deletions.find(({ id }) => id === chosen.id) ?? null}
              onSaved={refetch}
              onClose={() => go('')}
            />
          ) : (
            <Panel
              title={hash.length > 1 && hash !== NEW && data !== null ? 'This rule is not known' : 'No rule is chosen'}
              state={hash.length > 1 && hash !== NEW && data === null && problem === null ? 'loading' : 'empty'}
              message="Choose one to read when it raises and clears, to try it on what is kept, and to change it."
            />
          )}
        </div>
      </div>
    </PageMain>
  )
}

function Channels({ channels }: { readonly channels: RuleList['channels'] }) {
  const words = (Object.entries(channels) as [string, { configured: boolean; address: string | null }][]).map(
    ([name, { configured, address }]) => `${name}: ${configured ? (address ?? 'configured') : 'not configured'}`,
  )
  return <p className="engine-line t2">Channels: {words.join('; ')}</p>
}
