/*
 * limitsStore: the limits of this installation in one file, replaced as a whole, with a version that only grows.
 * In: writes that name the version they were made from. Out: the present set; a conflict names who and what won.
 * Invariant: what is in memory is what is on disk; a write that can not be kept changes nothing; a damaged file is said, kept
 * aside and never taken for an empty one.
 * Source: docs/protocol.md "limits"; docs/ux.md "limits".
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { AppError } from '../../lib/contracts/appError.ts'
import { LimitSet, type LimitWrite, type MetricLimit } from '../../lib/contracts/httpLimits.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import { DEFAULT_LIMITS } from './limitsDefaults.ts'

export interface LimitsStore {
  get(): LimitSet
  /** @throws STATE_CONFLICT when another write came first · STATE_STORAGE when it can not be kept */
  set(write: LimitWrite): LimitSet
}

export interface LimitsStoreOptions {
  readonly path: string
  readonly clock: Clock
  /** Told once, when the file that was found can not be used. */
  readonly onDamaged: (text: string) => void
}

const SHIPPED: LimitSet = {
  version: 0,
  saved_at: null,
  saved_by: null,
  change: 'as shipped',
  limits: [...DEFAULT_LIMITS],
}

const BANDS = ['alarm_low', 'warn_low', 'warn_high', 'alarm_high', 'hysteresis'] as const

function changeOf(before: MetricLimit | undefined, after: MetricLimit | undefined): readonly string[] {
  if (before === undefined) return [`${after!.metric} added`]
  if (after === undefined) return [`${before.metric} removed`]
  const parts = BANDS.filter((band) => before[band] !== after[band]).map(
    (band) => `${band} ${before[band] ?? 'none'} to ${after[band] ?? 'none'}`,
  )
  if (before.note !== after.note) parts.push('note')
  return parts.length === 0 ? [] : [`${after.metric}: ${parts.join(', ')}`]
}

/** Says in words what became different. */
export function describeChange(before: readonly MetricLimit[], after: readonly MetricLimit[]): string {
  const names = new Set([...before, ...after].map((limit) => limit.metric))
  const of = (list: readonly MetricLimit[], metric: string) => list.find((limit) => limit.metric === metric)
  const parts = [...names].flatMap((metric) => changeOf(of(before, metric), of(after, metric)))
  const text = parts.length === 0 ? 'nothing' : parts.join('; ')
  return text.length > 500 ? `${text.slice(0, 497)}...` : text
}

function read(path: string, onDamaged: LimitsStoreOptions['onDamaged']): LimitSet {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return SHIPPED
    onDamaged(`${path} can not be read (${(error as Error).message}); the shipped limits are used`)
    return SHIPPED
  }
  try {
    return LimitSet.parse(JSON.parse(text))
  } catch {
    setAside(path, onDamaged)
    return SHIPPED
  }
}

function setAside(path: string, onDamaged: LimitsStoreOptions['onDamaged']): void {
  try {
    renameSync(path, `${path}.damaged`)
    onDamaged(`${path} is damaged; it is kept as ${path}.damaged and the shipped limits are used`)
  } catch (error) {
    onDamaged(`${path} is damaged and can not be moved (${(error as Error).message}); the shipped limits are used`)
  }
}

/** Opens the store; a file that is not there yet means the shipped limits. Never throws. */
export function openLimitsStore({ path, clock, onDamaged }: LimitsStoreOptions): LimitsStore {
  let current = read(path, onDamaged)

  const keep = (next: LimitSet): void => {
    try {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(`${path}.new`, `${JSON.stringify(next, null, 2)}\n`)
      renameSync(`${path}.new`, path)
    } catch (error) {
      throw new AppError('STATE_STORAGE', `the limits could not be written: ${(error as Error).message}`, {}, error)
    }
  }

  return {
    get: () => current,
    set({ version, by, limits }) {
      if (version !== current.version) {
        const who = current.saved_by ?? 'nobody'
        const when = current.saved_at ?? 'never'
        throw new AppError(
          'STATE_CONFLICT',
          `your edit was made from version ${version}; version ${current.version} was written by ${who} at ${when}: ${current.change}`,
          { path: 'version', version: current.version, by: who, at: when },
        )
      }
      const next: LimitSet = {
        version: current.version + 1,
        saved_at: new Date(clock.wallMs()).toISOString(),
        saved_by: by,
        change: describeChange(current.limits, limits),
        limits,
      }
      keep(next)
      current = next
      return next
    },
  }
}
