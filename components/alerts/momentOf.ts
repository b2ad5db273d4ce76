import type { AlertItem } from '../../lib/contracts/alerts.ts'

/** Attributes by which a row says about which moment and place it is, for "What changed?" and whatever else asks about a moment. */
export function momentOf({ raised_at, layer_id, seed_id, run_id }: AlertItem): Readonly<Record<string, string>> {
  const atMs = Date.parse(raised_at)
  return {
    'data-moment': '',
    ...(Number.isFinite(atMs) ? { 'data-moment-at': String(atMs) } : {}),
    ...(layer_id === null ? {} : { 'data-moment-layer': layer_id }),
    ...(layer_id === null || seed_id === null ? {} : { 'data-moment-seed': String(seed_id) }),
    ...(run_id === null ? {} : { 'data-moment-run': run_id }),
  }
}
