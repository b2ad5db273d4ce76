/*
 * ruleBook: the rules of this installation: as shipped, as changed, and those somebody made, each with versions that only grow.
 * In: writes that name the version they were made from. Out: rules; a conflict names who and what won.
 * Invariant: what is in memory is on the disk; every version is kept; a shipped rule can be switched off but not lost; the rule that
 * watches the engine can not even be switched off.
 * Source: docs/alerts.md "rules".
 */
import { SHIPPED_BY_ID, completeDraft, describeRuleChange, draftOf } from '../../lib/alerts/shippedRules.ts'
import { AppError } from '../../lib/contracts/appError.ts'
import { ALERT_LIMITS } from '../../lib/contracts/alertTable.ts'
import type { AlertRule, RuleDraft } from '../../lib/contracts/alerts.ts'
import type { RuleImport, RuleImported } from '../../lib/contracts/httpRules.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { Records } from '../stores/recordsDatabase.ts'

export interface RuleBook {
  /** Grows with each change. */
  version(): number
  all(): readonly AlertRule[]
  get(id: string): AlertRule | undefined
  /** @throws STATE_CONFLICT, ALERT_PROTECTED, STATE_STORAGE */
  create(draft: RuleDraft, by: string): Promise<AlertRule>
  /** @throws STATE_NOT_FOUND, STATE_CONFLICT, ALERT_PROTECTED, STATE_STORAGE */
  change(id: string, draft: RuleDraft, version: number | undefined, by: string): Promise<AlertRule>
  /** Newest first, at most so many; a shipped rule begins with how it ships. @throws STATE_NOT_FOUND, STATE_STORAGE */
  versions(id: string, limit: number): Promise<{ readonly rules: readonly AlertRule[]; readonly more: number }>
  /** Goes back to an older version, as a new one. @throws as `change` */
  revert(id: string, to: number, version: number, by: string): Promise<AlertRule>
  /** Own ones are deleted, shipped ones go back. @throws as `change` */
  remove(id: string, version: number | undefined, by: string): Promise<void>
  /** All or none. @throws ALERT_PROTECTED, CONTRACT_INVALID, STATE_STORAGE */
  take(file: RuleImport, by: string): Promise<RuleImported>
  onChange(listener: () => void): () => void
}

interface Write {
  readonly rule: AlertRule
  readonly deleted: boolean
}

/** Puts the parts of a rule together. */
export function toRule(
  draft: RuleDraft,
  version: number,
  saved: { by: string; atMs: number; change: string },
): AlertRule {
  const { id } = draft
  const whole = completeDraft(draft)
  return {
    id,
    ...draftOf(whole),
    version,
    shipped: SHIPPED_BY_ID.has(id),
    protected: SHIPPED_BY_ID.get(id)?.protected === true,
    saved_at: new Date(saved.atMs).toISOString(),
    saved_by: saved.by,
    change: saved.change,
  }
}

/** @throws ALERT_PROTECTED */
function checkProtected(draft: RuleDraft): void {
  const shipped = SHIPPED_BY_ID.get(draft.id)
  if (shipped === undefined) {
    if (draft.detector === 'engine_dead')
      throw new AppError('ALERT_PROTECTED', 'the engine is watched by its own rule only', { path: 'detector' })
    return
  }
  if (draft.detector !== shipped.detector)
    throw new AppError(
      'CONTRACT_INVALID',
      `the shipped rule ${draft.id} looks for ${shipped.detector}; make a rule of your own for another detector`,
      { path: 'detector' },
    )
  if (shipped.protected && (!draft.enabled || draft.severity !== 'critical'))
    throw new AppError('ALERT_PROTECTED', 'the rule that watches the engine stays on, and critical', {
      path: 'enabled',
    })
}

/** Opens the book with what the disk has. @throws STATE_STORAGE */
export async function openRuleBook({ db }: Records, clock: Clock): Promise<RuleBook> {
  const rules = new Map<string, AlertRule>(SHIPPED_BY_ID)
  /** Numbers go on where a deleted rule ended. */
  const numbers = new Map<string, number>()
  const listeners = new Set<() => void>()
  let version = 0
  let turn: Promise<unknown> = Promise.resolve()
  for (const row of await db.selectFrom('alert_rules').selectAll().execute()) {
    numbers.set(row.id, row.version)
    version += row.version
    const shipped = SHIPPED_BY_ID.get(row.id)
    if (row.is_deleted === 0) rules.set(row.id, JSON.parse(row.record) as AlertRule)
    else if (shipped !== undefined) rules.set(row.id, { ...shipped, version: row.version })
  }

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work, work)
    turn = mine.catch(() => undefined)
    return mine
  }

  const keep = async (writes: readonly Write[], by: string): Promise<void> => {
    await db.transaction().execute(async (inside) => {
      for (const { rule, deleted } of writes) {
        const record = JSON.stringify(rule)
        const row = { version: rule.version, is_deleted: deleted ? 1 : 0, record }
        await inside
          .insertInto('alert_rules')
          .values({ id: rule.id, ...row })
          .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
          .execute()
        const savedMs = Math.round(clock.wallMs())
        await inside
          .insertInto('alert_rule_versions')
          .values({ id: rule.id, version: rule.version, saved_ms: savedMs, saved_by: by, change: rule.change, record })
          .execute()
      }
    })
    for (const { rule, deleted } of writes) {
      numbers.set(rule.id, rule.version)
      version++
      if (!deleted) rules.set(rule.id, rule)
      else if (SHIPPED_BY_ID.has(rule.id)) rules.set(rule.id, { ...SHIPPED_BY_ID.get(rule.id)!, version: rule.version })
      else rules.delete(rule.id)
    }
    for (const listener of listeners) listener()
  }

  const next = (draft: RuleDraft, change: string, by: string): AlertRule =>
    toRule(draft, (numbers.get(draft.id) ?? 0) + 1, { by, atMs: clock.wallMs(), change })

  /** @throws STATE_NOT_FOUND, STATE_CONFLICT */
  const found = (id: string, wanted: number | undefined): AlertRule => {
    const rule = rules.get(id)
    if (rule === undefined) throw new AppError('STATE_NOT_FOUND', `there is no rule ${id}`, { path: 'id' })
    if (wanted === undefined)
      throw new AppError('CONTRACT_INVALID', 'name the version you decided on, in If-Match or in the body', {
        path: 'version',
      })
    if (wanted !== rule.version)
      throw new AppError(
        'STATE_CONFLICT',
        `your edit was made from version ${wanted}; version ${rule.version} was written by ${rule.saved_by ?? 'nobody'}: ${rule.change}`,
        { path: 'version', version: rule.version },
      )
    return rule
  }

  const versionOf = async (id: string, version: number): Promise<AlertRule | undefined> => {
    const row = await db
      .selectFrom('alert_rule_versions')
      .select(['record'])
      .where('id', '=', id)
      .where('version', '=', version)
      .executeTakeFirst()
    return row === undefined ? undefined : (JSON.parse(row.record) as AlertRule)
  }

  const room = (added: number): void => {
    if (rules.size + added > ALERT_LIMITS.rules)
      throw new AppError('CONTRACT_INVALID', `more than ${ALERT_LIMITS.rules} rules`, { path: 'rules' })
  }

  return {
    version: () => version,
    all: () => [...rules.values()],
    get: (id) => rules.get(id),
    create: (draft, by) =>
      inTurn(async () => {
        checkProtected(draft)
        if (rules.has(draft.id))
          throw new AppError('STATE_CONFLICT', `there is a rule ${draft.id} already`, { path: 'id' })
        room(1)
        const rule = next(draft, 'made', by)
        await keep([{ rule, deleted: false }], by)
        return rule
      }),
    change: (id, draft, wanted, by) =>
      inTurn(async () => {
        if (draft.id !== id) throw new AppError('CONTRACT_INVALID', 'a rule keeps its id', { path: 'id' })
        const before = found(id, wanted)
        checkProtected(draft)
        const change = describeRuleChange(before, completeDraft(draft))
        if (change === 'nothing') return before
        const rule = next(draft, change, by)
        await keep([{ rule, deleted: false }], by)
        return rule
      }),
    async versions(id, limit) {
      const shipped = SHIPPED_BY_ID.get(id)
      const rows = await db
        .selectFrom('alert_rule_versions')
        .select(['record'])
        .where('id', '=', id)
        .orderBy('version', 'desc')
        .execute()
      if (rows.length === 0 && shipped === undefined)
        throw new AppError('STATE_NOT_FOUND', `there is no rule ${id}`, { path: 'id' })
      const all = rows.map(({ record }) => JSON.parse(record) as AlertRule)
      const whole = shipped === undefined ? all : [...all, shipped]
      return { rules: whole.slice(0, limit), more: Math.max(0, whole.length - limit) }
    },
    revert: (id, to, wanted, by) =>
      inTurn(async () => {
        const before = found(id, wanted)
        const old = to === 0 ? SHIPPED_BY_ID.get(id) : await versionOf(id, to)
        if (old === undefined) throw new AppError('STATE_NOT_FOUND', `${id} has no version ${to}`, { path: 'to' })
        checkProtected(old)
        const change = describeRuleChange(before, old)
        if (change === 'nothing') return before
        const rule = next(old, `back to version ${to}: ${change}`.slice(0, 500), by)
        await keep([{ rule, deleted: false }], by)
        return rule
      }),
    remove: (id, wanted, by) =>
      inTurn(async () => {
        const before = found(id, wanted)
        const shipped = SHIPPED_BY_ID.get(id)
        if (shipped !== undefined && describeRuleChange(before, shipped) === 'nothing')
          throw new AppError('ALERT_PROTECTED', `${id} ships with the product: switch it off instead`, { path: 'id' })
        const rule = next(shipped ?? before, shipped === undefined ? 'deleted' : 'back to how it ships', by)
        await keep([{ rule, deleted: true }], by)
      }),
    take: (file, by) =>
      inTurn(async () => {
        const ids = file.rules.map((rule) => rule.id)
        const twice = ids.find((id, at) => ids.indexOf(id) !== at)
        if (twice !== undefined)
          throw new AppError('CONTRACT_INVALID', `${twice} stands in it twice`, { path: 'rules' })
        for (const draft of file.rules) checkProtected(draft)
        const writes: Write[] = []
        const added: string[] = []
        const changed: { id: string; change: string }[] = []
        for (const draft of file.rules) {
          const before = rules.get(draft.id)
          const change = before === undefined ? 'made by an import' : describeRuleChange(before, completeDraft(draft))
          if (change === 'nothing') continue
          if (before === undefined) added.push(draft.id)
          else changed.push({ id: draft.id, change })
          writes.push({ rule: next(draft, change, by), deleted: false })
        }
        const removed: string[] = []
        if (file.mode === 'replace')
          for (const rule of rules.values()) {
            const shipped = SHIPPED_BY_ID.get(rule.id)
            const asShipped = shipped !== undefined && describeRuleChange(rule, shipped) === 'nothing'
            if (ids.includes(rule.id) || asShipped) continue
            removed.push(rule.id)
            // Deleting needs a second person: what is an installation's own is asked for by whoever imports.
            if (shipped !== undefined)
              writes.push({ rule: next(shipped, 'not in the import that replaced all', by), deleted: true })
          }
        room(added.length)
        if (!file.dry_run && writes.length > 0) await keep(writes, by)
        return {
          added,
          changed,
          unchanged: file.rules.length - added.length - changed.length,
          removed,
          dry_run: file.dry_run,
        }
      }),
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
