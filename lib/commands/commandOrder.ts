/*
 * commandOrder: the fence against commands that come from the past of their own issuer.
 * In: start (epoch) and number (seq) of signed commands, per key and destination. Out: in order, or why it is stale.
 * Invariant: what was heard once is never lower again, also over a restart; a number is taken once, also by what the bus brings again:
 * only a number that was passed over may come late, and only as a redelivery.
 * Source: docs/protocol.md "commands" (order); docs/adr/0007-signed-commands.md.
 */
export interface OrderQuestion {
  readonly keyId: string
  /** The layer, or `*` for all. */
  readonly destination: string
  readonly epoch: number | null | undefined
  readonly seq: number | null | undefined
  /** The bus brings the entry again because whoever had it ended before it answered. */
  readonly redelivered?: boolean
}

/** How far a destination was heard. */
export interface OrderPlace {
  readonly epoch: number
  readonly seq: number
  /** Numbers under `seq` that were never heard, as ranges from lowest to highest; absent = none. */
  readonly missed?: readonly (readonly [from: number, to: number])[] | undefined
}

export interface CommandOrder {
  /** Null when it is in order; else the reason. Changes nothing. */
  check(question: OrderQuestion): string | null
  /** The same, for what has no number: only the start is looked at. */
  checkEpoch(question: OrderQuestion): string | null
  /** Takes the place of a command that passed. */
  take(question: OrderQuestion): void
  kept(): Readonly<Record<string, OrderPlace>>
}

/** Keys and destinations together; more are those of an attacker who has our key, and then nothing helps. */
const MAX_PLACES = 8_192
/** Gaps remembered per place: those of a member that ended. Older ones count as heard. */
const MAX_MISSED = 64

/** Creates the fence, from what was kept of it. */
export function createCommandOrder(kept: Readonly<Record<string, OrderPlace>> = {}): CommandOrder {
  const places = new Map<string, OrderPlace>(Object.entries(kept))
  /** A restart of the issuer is one for all its destinations. */
  const epochs = new Map<string, number>()
  const keyOf = (place: string): string => place.slice(0, place.indexOf(' '))
  const note = (place: string, epoch: number): void => {
    const keyId = keyOf(place)
    epochs.set(keyId, Math.max(epochs.get(keyId) ?? 0, epoch))
  }
  for (const [place, { epoch }] of places) note(place, epoch)

  const checkEpoch = ({ keyId, epoch }: OrderQuestion): string | null => {
    if (typeof epoch !== 'number') return 'it names no start of its issuer'
    const newest = epochs.get(keyId) ?? 0
    return epoch < newest ? `its issuer's start ${epoch} was followed by start ${newest}` : null
  }

  return {
    checkEpoch,
    check(question) {
      const { keyId, destination, epoch, seq, redelivered = false } = question
      const older = checkEpoch(question)
      if (older !== null) return older
      if (typeof seq !== 'number') return 'it names no number'
      const place = places.get(`${keyId} ${destination}`)
      if (!place || epoch !== place.epoch || seq > place.seq) return null
      if (redelivered && isMissed(place, seq)) return null
      return `number ${seq} of start ${epoch} is not above ${place.seq}, which was heard already`
    },
    take({ keyId, destination, epoch, seq }) {
      if (typeof epoch !== 'number' || typeof seq !== 'number') return
      const name = `${keyId} ${destination}`
      const place = places.get(name)
      if (place && place.epoch > epoch) return
      if (place && place.epoch === epoch && place.seq >= seq) {
        if (isMissed(place, seq))
          places.set(name, { epoch, seq: place.seq, missed: without(place.missed ?? [], seq).slice(-MAX_MISSED) })
        return
      }
      if (!place && places.size >= MAX_PLACES) places.delete(places.keys().next().value ?? '')
      const before = place?.epoch === epoch ? place : { seq: 0, missed: [] }
      const gaps = before.missed ?? []
      const missed = seq > before.seq + 1 ? [...gaps, [before.seq + 1, seq - 1] as const] : gaps
      places.set(name, { epoch, seq, missed: missed.slice(-MAX_MISSED) })
      note(name, epoch)
    },
    kept: () => Object.fromEntries(places),
  }
}

function isMissed({ missed = [] }: OrderPlace, seq: number): boolean {
  return missed.some(([from, to]) => from <= seq && seq <= to)
}

/** Takes one number out of the ranges. */
function without(ranges: NonNullable<OrderPlace['missed']>, seq: number): (readonly [number, number])[] {
  return ranges.flatMap(([from, to]): (readonly [number, number])[] => {
    if (seq < from || seq > to) return [[from, to]]
    const left: (readonly [number, number])[] = seq > from ? [[from, seq - 1]] : []
    return seq < to ? [...left, [seq + 1, to]] : left
  })
}
